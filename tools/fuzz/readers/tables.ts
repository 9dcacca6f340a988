/** Reads tables: CSV, JSON lines, Parquet, Arrow, and the preparations that are saved with models. */
import { readFile } from 'node:fs/promises';
import {
  bytesOf,
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
import type { Reader } from '../engine/reader.ts';

const folder = new URL('../../../packages/data/test/tables/formats/', import.meta.url);
const files = (...names: readonly string[]) => Promise.all(names.map((name) => readFile(new URL(name, folder))));
const textOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const use = (table: Table): void => {
  for (let row = 0; row < Math.min(table.rows, 100); row++) table.row(row);
};

/** CSV, whole and by parts. */
export const csvReader: Reader = {
  name: 'csv',
  seeds: async () => [
    textOf('a,b,c\n1,x,true\n2.5,"y ""z"", é\n",false\n,NA,\n'),
    textOf('\uFEFFid;town\r\n007;Köln\r\n12;Bonn\r\n'),
    textOf('1\t2e300\n-3\t4\n'),
  ],
  mutate: 'text',
  words: ['"', '""', ',', ';', '\t', '\r\n', '\n', 'NA', '1e5', '-inf', '007', 'true'],
  read: async (input) => {
    use(await readCsv(bytesOf(input)));
    const index = await indexCsv(bytesOf(input), { partBytes: 1024, pieceBytes: 64 });
    for (const part of index.parts.keys()) use(await readCsvPart(bytesOf(input), index, part));
  },
};

/** CSV with bytes of any kind. */
export const csvBytesReader: Reader = { ...csvReader, name: 'csv-bytes', mutate: 'bytes' };

/** JSON lines. */
export const jsonLinesReader: Reader = {
  name: 'json-lines',
  seeds: async () => [textOf('{"a":1,"b":"x"}\n{"a":2.5,"b":null,"c":true}\n'), ...(await files('same.jsonl'))],
  mutate: 'text',
  words: ['{', '}', '"', ':', ',', 'null', 'true', '\n', '[', ']', '1e999'],
  read: async (input) => use(await readJsonLines(bytesOf(input))),
};

/** Parquet in each codec. */
export const parquetReader: Reader = {
  name: 'parquet',
  seeds: () =>
    files(
      'none.parquet',
      'snappy.parquet',
      'gzip.parquet',
      'zstd.parquet',
      'brotli.parquet',
      'lz4.parquet',
      'v2.parquet',
      'deltas.parquet',
      'lengths.parquet',
    ),
  mutate: 'bytes',
  read: async (input) => use(await readParquet(bytesOf(input))),
};

/** Arrow, as files in each codec and as a stream. */
export const arrowReader: Reader = {
  name: 'arrow',
  seeds: () =>
    files(
      'uncompressed.feather',
      'lz4.feather',
      'zstd.feather',
      'stream.arrow',
      '../arrow/types.arrow',
      '../arrow/deltas.arrow',
    ),
  mutate: 'bytes',
  read: async (input) => use(await readArrow(bytesOf(input))),
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
