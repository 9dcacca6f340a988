/**
 * What compression of real models costs in errors and brings in bytes and time:
 * `npm run bench:optimize -- [--only NAME,…] [--seeds 1,2,3] [--json FILE] [--folder FOLDER]`.
 *
 * Prints a row as soon as it is measured, and writes all that are known to the file: `[{ name, value, target, holds }]`.
 * Trained models and figures of single seeds stay in the folder; a run that was interrupted goes on behind them. Ends with 1
 * if a row does not hold.
 */
import { fileURLToPath } from 'node:url';
import { commandLine } from '../command-line.mjs';
import { measureRows } from '../measure-rows.ts';
import { benchIn } from './bench.ts';
import { rows } from './rows/table.ts';

const { option, wholeNumbers, check } = commandLine('bench:optimize', {
  only: undefined,
  seeds: '1,2,3',
  json: undefined,
  folder: fileURLToPath(new URL('../../../runs/bench-optimize', import.meta.url)),
});

const names = rows.map(({ name }) => name);
const only = option('only')?.split(',');
for (const name of only ?? []) check('row', name, names);
const bench = benchIn(option('folder') as string, wholeNumbers('seeds') ?? []);
await measureRows(rows, { bench, only, json: option('json') });
