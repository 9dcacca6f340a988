/** Reads tables and tells the most memory that each reading took; started by itself, with a small young half of the heap. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readArrow, readCsv, readJsonLines, readParquet, type Table } from '@espalier/data';
import { writeTable } from '@espalier/data/node';
import type { ByteSource } from '@espalier/nn/format';
import { collectingBytes } from '../../tools/fuzz/engine/collecting-bytes.ts';
import { MemoryMeter } from '../../tools/fuzz/engine/memory.ts';

/** What a reading came to, in bytes. */
export interface ReadingMemory {
  /** The file or the table, whichever is larger. */
  readonly held: number;
  readonly most: number;
}

const rows = 200_000;

const bytesOf = (table: Table): number =>
  [...table.columns.values()].reduce(
    (sum, { type, values, missing }) =>
      sum + (missing?.length ?? 0) + (type === 'text' ? 8 * values.length : values.byteLength),
    0,
  );

async function parquet(): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-memory-'));
  try {
    const file = await writeTable(join(folder, 'a.parquet'));
    await file.write([{ name: 'a', values: Float64Array.from({ length: rows }, (_, row) => row % 10) }]);
    await file.finish();
    await file.close();
    return readFileSync(join(folder, 'a.parquet'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const arrow = new URL('../../packages/data/test/tables/arrow/large.arrow.gz', import.meta.url);

function lines(line: (row: number) => string): Uint8Array {
  return new TextEncoder().encode(Array.from({ length: rows }, (_, row) => line(row)).join(''));
}

const meter = new MemoryMeter();

async function measure(bytes: Uint8Array, read: (source: ByteSource) => Promise<Table>): Promise<ReadingMemory> {
  const file = new Uint8Array(bytes);
  let held = file.length;
  const run = async (): Promise<void> => {
    held = Math.max(held, bytesOf(await read(collectingBytes(file))));
  };
  // The first time, code is loaded and compiled.
  await run();
  await meter.rest();
  return { held, most: await meter.most(run) };
}

const size = 50 * 2 ** 20;
const measured: Readonly<Record<string, ReadingMemory>> = {
  Parquet: await measure(await parquet(), readParquet),
  Arrow: await measure(gunzipSync(readFileSync(arrow)), readArrow),
  'JSON lines': await measure(
    lines((row) => `{"a":${row % 10},"b":0.5}\n`),
    readJsonLines,
  ),
  CSV: await measure(
    lines((row) => `${row % 10},,0.5\n`),
    readCsv,
  ),
  nothing: { held: size, most: await meter.most(async () => void new Uint8Array(size)) },
};
console.log(JSON.stringify(measured));
