// A table that is streamed: its rows are parted once and for all, what is learnt is what the training rows show, and nothing is read
// again that is kept.
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fitPreparation, readCsv, rowsByLot, bytesOf } from '@espalier/data';
import type { Dataset } from '@espalier/nn';
import { isLarger, openStreamedTable, streamedTablePipeline, type StreamedTableUse } from '@espalier/pipeline/node';
import { cpu } from '@espalier/tensor';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { memoryOfStream } from '../../src/node/stream/memory.ts';

const mebi = 2 ** 20;
const rows = 30_000;
const towns = ['Bonn', 'Ulm', 'Köln'];
const line = (row: number): string => `${row % 97},${(row * 7919) % 1000},${towns[row % 3]},note ${row},${row}\n`;

let folder = '';
let use: StreamedTableUse;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-stream-'));
  const file = join(folder, 'table.csv');
  await writeFile(file, `a,b,town,note,number\n${Array.from({ length: rows }, (_, row) => line(row)).join('')}`);
  use = { file, target: 'number', seed: 7, columns: { a: 'number' }, memory: 1000 * mebi, kept: join(folder, 'kept') };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const messageOf = (act: () => unknown): string => {
  try {
    return String(act());
  } catch (error) {
    return String(error);
  }
};

/** The targets of all examples in order, which are the numbers of their rows. */
async function numbersOf(data: Dataset, { mean, std }: { readonly mean: number; readonly std: number }) {
  const found: number[] = [];
  for (let start = 0; start < data.size; start += 2000) {
    const count = Math.min(2000, data.size - start);
    const { x, y } = await data.batch(Array.from({ length: count }, (_, index) => start + index));
    found.push(...Array.from(await y.data(), (value) => Math.round(value * std + mean)));
    x.dispose();
    y.dispose();
  }
  return found;
}

describe('a table that is streamed', () => {
  test('is parted by lot; its preparation is that of the training rows', async () => {
    const { preparation, train, test: held, held: some, target, close } = await openStreamedTable(use, cpu());
    if (target.as !== 'numbers') throw new Error('the numbers of rows are numbers');
    const unit = { mean: target.mean[0] as number, std: target.std[0] as number };
    const [learnt, judged] = [await numbersOf(train, unit), await numbersOf(held, unit)];
    const chosen = await numbersOf(some.validate.dataset, unit);
    expect([...learnt, ...chosen, ...judged].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: rows }, (_, row) => row),
    );
    expect(judged).toEqual(judged.toSorted((a, b) => a - b));
    expect(Math.abs(judged.length / rows - 0.2)).toBeLessThan(0.02);
    // What is searched by is a part of what is learnt from, and what is judged by of the test.
    for (const [part, all] of [
      [some.sample, learnt],
      [some.judge, judged],
    ] as const) {
      const known = new Set(all);
      const own = await numbersOf(part.dataset, unit);
      expect([own.length > 1000, own.every((row) => known.has(row))]).toEqual([true, true]);
    }
    const table = await readCsv(bytesOf(new Uint8Array(await readFile(use.file))));
    const whole = fitPreparation(table.take(learnt.toSorted((a, b) => a - b)), {
      target: 'number',
      kinds: { a: 'number' },
    });
    expect(preparation.features).toEqual(whole.features);
    const [found, expected] = [preparation.config(), whole.config()];
    expect(found.inputs.map(({ column, as }) => [column, as])).toEqual(
      expected.inputs.map(({ column, as }) => [column, as]),
    );
    for (const [at, { scale, shift }] of found.inputs.entries()) {
      expect(Number(shift ?? 0)).toBeCloseTo(Number(expected.inputs[at]?.['shift'] ?? 0), 8);
      expect(Number(scale ?? 0)).toBeCloseTo(Number(expected.inputs[at]?.['scale'] ?? 0), 8);
    }
    await close();
  });

  test('is gone through once: what is kept is taken, and made anew where it is damaged', async () => {
    const opened = async () => {
      const { preparation, close } = await openStreamedTable(use, cpu());
      await close();
      const times = await Promise.all(
        ['index', 'learnt'].map(async (name) => (await stat(join(use.kept, name))).mtimeMs),
      );
      return { config: JSON.stringify(preparation.config()), times };
    };
    const first = await opened();
    expect(await opened()).toEqual(first);
    const learnt = join(use.kept, 'learnt');
    const bytes = await readFile(learnt);
    bytes[bytes.length - 9] = (bytes.at(-9) as number) ^ 1;
    await writeFile(learnt, bytes);
    const again = await opened();
    expect(again.config).toBe(first.config);
    expect(again.times[0]).toBe(first.times[0]);
    expect(again.times[1]).not.toBe(first.times[1]);
  });

  test('needs some memory, and says how much', async () => {
    const least = await openStreamedTable({ ...use, memory: 897 * mebi }, cpu()).then(
      () => '',
      (error: unknown) => /give at least --memory (\d+)MiB/.exec(String(error))?.[1] ?? String(error),
    );
    // So small a table fits as a whole.
    expect(isLarger(use.file, Number(least) * mebi)).toBe(false);
    expect(isLarger(use.file, (Number(least) - 1) * mebi)).toBe(true);
    const asked = (memory: number): number => memoryOfStream('large.csv', memory * mebi, 2 * mebi, 2 ** 34);
    const [, needed = ''] = /give at least --memory (\d+)MiB/.exec(messageOf(() => asked(800))) ?? [];
    expect(asked(Number(needed))).toBeGreaterThanOrEqual(2 * mebi);
    expect(() => asked(Number(needed) - 1)).toThrow('too few to stream it');
    expect(isLarger(use.file, 1 * mebi)).toBe(true);
    expect(isLarger(use.file, 1024 * mebi)).toBe(false);
  });

  test('gives the same examples where a thread reads it', async () => {
    const given = await Promise.all(
      [false, true].map(async (thread) => {
        const { train, close } = await openStreamedTable({ ...use, thread }, cpu());
        const numbers = await numbersOf(train, { mean: 0, std: 1e6 });
        await close();
        return numbers;
      }),
    );
    expect(given[1]).toEqual(given[0]);
  });

  test('is searched on a sample, and learnt from as a whole', async () => {
    const pipeline = await streamedTablePipeline({ ...use, trials: 2 });
    expect(pipeline.data).toMatchObject({ source: { source: 'streamed-table' } });
    expect(pipeline.rows[0]).toMatchObject({ type: 'train', options: { epochs: 1 } });
  });

  test('whose target is missing is refused with the row, whatever part it is in', async () => {
    const row = [...rowsByLot(0, rows, { seed: 7, from: 0.8, to: 1 })].at(-1) as number;
    const lines = Array.from({ length: rows }, (_, at) => (at === row ? '1,2,Bonn,note,\n' : line(at)));
    await writeFile(use.file, `a,b,town,note,number\n${lines.join('')}`);
    await expect(openStreamedTable(use, cpu())).rejects.toThrow(
      new RegExp(`row ${row + 1}, column 'number': the target is missing`),
    );
  });
});
