// Which tables are streamed, and what their memory has to be: said before anything is searched.
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { scratch } from '../helpers/scratch.ts';

const at = scratch('file');

/** A table of so many rows. */
function write(name: string, rows: number): string {
  const lines = Array.from(
    { length: rows },
    (_, row) => `${row % 97},${(row * 7919) % 1000},note of row ${row},${row % 5}`,
  );
  writeFileSync(at(name), `a,b,note,size\n${lines.join('\n')}\n`);
  return at(name);
}

const run = (...args: readonly string[]): ReturnType<typeof espalier> =>
  espalier(['run', '--device', 'cpu', '--trials', '1', ...args]);

describe('a table that is larger than the memory', () => {
  test('is streamed, and refused with the least memory that works', async () => {
    const file = write('large.csv', 200_000);
    const args = ['--data', file, '--target', 'size', '-o', at('out')];
    const { code, stderr } = await run(...args, '--memory', '30MiB');
    expect(stderr).toContain('as a whole it would take more than 30 MiB of memory; it is streamed');
    expect([code, /30 MiB of memory are too few to stream it: give at least --memory (\d+)MiB/.test(stderr)]).toEqual([
      2,
      true,
    ]);
    const grouped = await run(...args, '--memory', '30MiB', '--group', 'a');
    expect([grouped.code, grouped.stderr]).toEqual([
      2,
      expect.stringContaining('--group: rows of a table that is streamed'),
    ]);
  });
});

test.each([
  [['--memory', 'much'], /Give a size, such as 1GiB or 512MiB/],
  [['--memory', '1GiB'], /--memory: it is of table, tokens and text: name its file by --data/],
  [['--context', '16'], /--context: it is of tokens and text: name its file by --data/],
])('%j without a table is refused', async (args, problem) => {
  const { code, stderr } = await run(...args);
  expect([code, problem.test(stderr.replaceAll(/\s+/gu, ' '))]).toEqual([2, true]);
});

test('--context of a table is refused', async () => {
  const { code, stderr } = await run('--data', write('small.csv', 30), '--target', 'size', '--context', '16');
  expect([code, /--context: it is of tokens and text, and .*small\.csv is table/.test(stderr)]).toEqual([2, true]);
});
