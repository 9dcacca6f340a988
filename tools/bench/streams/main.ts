/**
 * Training on files that are larger than memory: `npm run bench:streams -- [--folder FOLDER] [--only NAME,…] [--json FILE]
 * [--table MIB] [--tokens MIB] [--text MIB] [--steps N] [--memory MIB] [--kills N]`.
 *
 * Makes a table of 2 GiB and a file of 4 GiB of tokens, both by a seed, in the folder; trains in a process of its own, whose
 * most memory the system counts (VmHWM), and makes tokens of a text of 1 GiB in another one; trains again in processes that are killed at random moments, and compares the bytes
 * that both end with. Figures stay in the folder, and so does what was made: a run that was interrupted goes on behind it.
 * Ends with 1 if a row does not hold.
 */
import { fileURLToPath } from 'node:url';
import { commandLine } from '../command-line.mjs';
import { measureRows } from '../measure-rows.ts';
import { benchIn } from '../optimize/bench.ts';
import { streamRows } from './rows.ts';
import { textRow } from './text-row.ts';

const { option, wholeNumbers, check } = commandLine('bench:streams', {
  folder: fileURLToPath(new URL('../../../runs/bench-streams', import.meta.url)),
  only: undefined,
  json: undefined,
  table: '2048',
  tokens: '4096',
  text: '1024',
  steps: '2000',
  memory: '256',
  kills: '3',
});

const one = (name: string): number => wholeNumbers(name)?.[0] as number;
const trained = streamRows({
  table: one('table') * 2 ** 20,
  tokens: one('tokens') * 2 ** 20,
  steps: one('steps'),
  memory: one('memory') * 2 ** 20,
  kills: one('kills'),
});
const rows = [...trained, textRow(one('text') * 2 ** 20)];
const only = option('only')?.split(',');
for (const name of only ?? [])
  check(
    'row',
    name,
    rows.map((row) => row.name),
  );
await measureRows(rows, { bench: benchIn(option('folder') as string, [7]), only, json: option('json') });
