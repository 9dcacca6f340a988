/**
 * How long plans take to make: `npm run bench:planning -- [--rounds N] [--layers N,…]`.
 *
 * The steps of transformers of 2, 4, 8, … layers, forward, backward and AdamW, are recorded and planned on cpu, in turn.
 * Milliseconds of processor time, kernels compiled by earlier rounds being there; the least of the rounds, as whatever else
 * runs on a machine only adds to it. Twice the layers may take 2.3 times as long: plans are made in time that grows with the
 * graph. At last the deepest in processes that have planned nothing yet, without plans that were kept, and with.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { planReport } from '@espalier/tensor';
import { commandLine } from './command-line.mjs';
import { gptStep, planningSizes } from './gpt-step.ts';
import { heading, rowText } from './target-rows.ts';

const { wholeNumbers } = commandLine('bench:planning', { rounds: '7', layers: '2,4,8,16,32' });
const [rounds = 0] = wholeNumbers('rounds') ?? [];
const depths = wholeNumbers('layers') ?? [];
const mostForTwice = 2.3;

const cases = depths.map((depth) => ({
  depth,
  gpt: gptStep({ ...planningSizes, depth }),
  least: Number.POSITIVE_INFINITY,
}));
for (let round = 0; round < rounds; round++)
  for (const one of cases) {
    const start = process.cpuUsage();
    planReport(one.gpt.step, ...one.gpt.inputs);
    const { user, system } = process.cpuUsage(start);
    one.least = Math.min(one.least, (user + system) / 1000);
  }
console.log(heading);
for (const { depth, least } of cases) {
  const half = cases.find((other) => 2 * other.depth === depth);
  console.log(rowText({ name: `${depth} layers`, value: least, unit: 'ms' }));
  if (half)
    console.log(
      rowText({ name: `  over ${half.depth} layers`, value: least / half.least, unit: '×', most: mostForTwice }),
    );
}

const deepest = Math.max(...depths);
/** Milliseconds of a process of its own, the least of the rounds. */
function anew(...folder: readonly string[]): number {
  const child = [fileURLToPath(new URL('planned-anew.ts', import.meta.url)), String(deepest), ...folder];
  const times = Array.from({ length: rounds }, () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [...process.execArgv, ...child], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    return Number(stdout);
  });
  return Math.min(...times);
}
const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-plans-'));
console.log(rowText({ name: `${deepest} layers in a new process`, value: anew(), unit: 'ms' }));
console.log(rowText({ name: '  by a plan that was kept', value: anew(folder), unit: 'ms' }));
rmSync(folder, { recursive: true });
