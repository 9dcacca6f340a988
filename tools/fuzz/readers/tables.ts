/** Reads tables: CSV, JSON lines, Parquet, Arrow, and the preparations that are saved with models. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  fitPreparation,
  indexCsv,
  Preparation,
  readArrow,
  readCsv,
  readCsvPart,
  readJsonLines,
  readParquet,
  tableOf,
  type Table,
} from '@espalier/data';
import { writeTable } from '@espalier/data/node';
import { arrowMessages } from '../../../packages/data/src/table/columnar/arrow/messages.ts';
import { readSchema } from '../../../packages/data/src/table/columnar/arrow/schema.ts';
import { collectingBytes } from '../engine/collecting-bytes.ts';
import { mutateText } from '../engine/mutate-text.ts';
import type { Random } from '../engine/random.ts';
import { ofObjects, type Reader } from '../engine/reader.ts';

const folder = new URL('../../../packages/data/test/tables/formats/', import.meta.url);
const files = (...names: readonly string[]) => Promise.all(names.map((name) => readFile(new URL(name, folder))));
const textOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Bytes that a table takes: four or eight a number, a reference a text, and each text once. */
function heldBy(table: Table): number {
  let bytes = 0;
  for (const { type, values, missing } of table.columns.values()) {
    bytes += missing?.length ?? 0;
    if (type !== 'text') bytes += values.byteLength;
    else bytes += 8 * values.length + [...new Set(values)].reduce((sum, text) => sum + 24 + text.length, 0);
  }
  return bytes;
}

const use = (table: Table): void => {
  for (let row = 0; row < Math.min(table.rows, 100); row++) table.row(row);
};

/** Rows of a kind that make many values of few bytes, as large as it takes to see how much memory these take. */
const rows = Array.from({ length: 1 << 14 }, (_, row) => ({
  a: row % 10,
  b: (row * 7919) % 997,
  c: row / 7,
  d: `x${row % 50}`,
}));
const manyLines = textOf(rows.map(({ a, b, d }) => `${a},${b},${d}\n`).join(''));

/** CSV, whole and by parts. */
export const csvReader: Reader = {
  name: 'csv',
  limit: ofObjects,
  seeds: async () => [
    textOf('a,b,c\n1,x,true\n2.5,"y ""z"", é\n",false\n,NA,\n'),
    textOf('\uFEFFid;town\r\n007;Köln\r\n12;Bonn\r\n'),
    textOf('1\t2e300\n-3\t4\n'),
    manyLines,
    textOf(',,\n'.repeat(1 << 16)),
  ],
  mutate: 'text',
  words: ['"', '""', ',', ';', '\t', '\r\n', '\n', 'NA', '1e5', '-inf', '007', 'true'],
  read: async (input, _, passed) => {
    const source = collectingBytes(input, undefined, ofObjects.free / 3);
    const table = await readCsv(source);
    passed(heldBy(table));
    use(table);
    const sizes = input.length > 4096 ? {} : { partBytes: 1024, pieceBytes: 64 };
    const index = await indexCsv(source, sizes);
    for (const part of index.parts.keys()) use(await readCsvPart(source, index, part));
  },
};

/** CSV with bytes of any kind. */
export const csvBytesReader: Reader = { ...csvReader, name: 'csv-bytes', mutate: 'bytes' };

const jsonWords = ['{', '}', '"', ':', ',', 'null', 'true', '\n', '[', ']', '1e999'];

/** Other digits, and other letters, where there are some: lines stay lines of values. */
function mutateDigits(input: Uint8Array, random: Random): Uint8Array {
  const bytes = Buffer.from(input);
  for (let count = 1 + random.below(4); count > 0; count -= 1) {
    const from = random.below(bytes.length);
    const at = bytes.findIndex((byte, index) => index >= from && byte >= 0x31 && byte <= 0x39);
    if (at >= 0) bytes[at] = random.pick([0x31, 0x35, 0x39]);
  }
  return bytes;
}

/** JSON lines. */
export const jsonLinesReader: Reader = {
  name: 'json-lines',
  limit: ofObjects,
  seeds: async () => [
    textOf('{"a":1,"b":"x"}\n{"a":2.5,"b":null,"c":true}\n'),
    ...(await files('same.jsonl')),
    textOf(rows.map((row) => `${JSON.stringify(row)}\n`).join('')),
  ],
  mutate: (input, random) => (random.chance(0.25) ? mutateDigits(input, random) : mutateText(input, random, jsonWords)),
  read: async (input, _, passed) => {
    const table = await readJsonLines(collectingBytes(input));
    passed(heldBy(table));
    use(table);
  },
};

async function largeParquet(path: string): Promise<Uint8Array> {
  const file = await writeTable(path);
  await file.write((['a', 'b', 'c', 'd'] as const).map((name) => ({ name, values: rows.map((row) => row[name]) })));
  await file.finish();
  await file.close();
  return readFile(path);
}

/** Parquet in each codec. */
export const parquetReader: Reader = {
  name: 'parquet',
  seeds: async (out) => [
    ...(await files(
      'none.parquet',
      'snappy.parquet',
      'gzip.parquet',
      'zstd.parquet',
      'brotli.parquet',
      'lz4.parquet',
      'v2.parquet',
      'deltas.parquet',
      'lengths.parquet',
    )),
    await largeParquet(join(out, 'large.parquet')),
  ],
  mutate: 'bytes',
  read: async (input, _, passed) => {
    const source = collectingBytes(input);
    const read: typeof source.read = (start, length, reuse) => {
      // The description is at the end; what is read before it is read by it.
      if (start + length < input.length - 8) passed();
      return source.read(start, length, reuse);
    };
    const table = await readParquet({ ...source, read });
    passed(heldBy(table));
    use(table);
  },
};

/** Arrow, as files in each codec and as a stream. */
export const arrowReader: Reader = {
  name: 'arrow',
  seeds: async () => [
    ...(await files(
      'uncompressed.feather',
      'lz4.feather',
      'zstd.feather',
      'stream.arrow',
      '../arrow/types.arrow',
      '../arrow/deltas.arrow',
    )),
    ...(await files('../arrow/large.arrow.gz')).map((packed) => gunzipSync(packed)),
  ],
  mutate: 'bytes',
  read: async (input, _, passed) => {
    readSchema(arrowMessages('x', new Uint8Array(input)).schema);
    passed();
    const table = await readArrow(collectingBytes(input));
    passed(heldBy(table));
    use(table);
  },
};

const flats = tableOf({
  rooms: [2, 3, null, 4],
  town: ['Bonn', 'Ulm', 'Bonn', null],
  note: ['a b', 'c d', 'e f', 'g h'],
  price: [1, 2, 3.5, 4],
});

/** Preparations as JSON. */
export const preparationReader: Reader = {
  name: 'preparation',
  limit: ofObjects,
  seeds: async () =>
    [
      { target: 'price', columns: { note: { as: 'bytes', length: 4 } } },
      { target: 'town', columns: { rooms: 'min-max', note: 'ordinal' } },
    ].map((options) => {
      const table = options.target === 'town' ? flats.take([0, 1, 2]) : flats;
      return textOf(JSON.stringify(fitPreparation(table, options).config()));
    }),
  mutate: 'json',
  read: (input) => {
    let config: unknown;
    try {
      config = JSON.parse(new TextDecoder().decode(input));
    } catch {
      return;
    }
    new Preparation(config).inputs(flats);
  },
};
