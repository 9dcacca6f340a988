/**
 * Espalier beside its peers, in one run, and against what it has to reach:
 * `npm run bench -- [--in node|chromium] [--only ROW,…] [--rounds N] [--threads N] [--python PYTHON] [--json FILE]`.
 *
 * Each engine runs in a process of Node of its own, or in a page of its own, round after round in rotating order; a round's
 * figure is the median of a step after warm-up, and results are checked against doubles before they are timed. One thread
 * is measured in time of the processor, several in time of the clock. Peers that cannot do a row
 * are left out of it with the reason; PyTorch takes part where Python is given. The file has the lines:
 * `[{ name, ours, peer, peerName, ratio, target, holds, threads }]`, milliseconds a step, and our speed over theirs. Ends
 * with 1 if a line does not hold, or Espalier itself cannot do a row.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { build } from '../../build.mjs';
import { commandLine } from '../command-line.mjs';
import { writeWhole } from '../optimize/bench.ts';
import { answerTime } from './answer-time.ts';
import { pagesOfChromium } from './chromium/pages.ts';
import { linesOf, type Line } from './claims.ts';
import { processes } from './processes.ts';
import { measured } from './rounds.ts';
import { rows } from './rows/table.ts';

const peers = fileURLToPath(new URL('../peers', import.meta.url));
const { option, wholeNumbers, check, refuse } = commandLine('bench', {
  in: 'node',
  only: undefined,
  rounds: '5',
  threads: '1',
  python: undefined,
  json: undefined,
});
const names = rows.map(({ name }) => name);
const only = option('only')?.split(',');
for (const name of only ?? []) check('row', name, names);
const [rounds = 5] = wholeNumbers('rounds') ?? [];
const [threads = 1] = wholeNumbers('threads') ?? [];
const [python, json] = [option('python'), option('json')];
const places = { node: processes, chromium: pagesOfChromium };
const within = option('in') ?? '';
check('place', within, Object.keys(places));
if (python !== undefined && within !== 'node') refuse('PyTorch runs beside Node only: leave out --python or --in');

if (!(await build())) process.exit(1);
if (!existsSync(`${peers}/node_modules`)) {
  const install = ['ci', '--prefix', peers, '--ignore-scripts', '--no-audit', '--no-fund'];
  if (spawnSync('npm', install, { stdio: 'inherit' }).status !== 0) process.exit(1);
}

const before = threads > 1 ? await answerTime() : undefined;
await using place = await places[within as keyof typeof places](threads);
const scope = { threads, native: python !== undefined };
const all: Line[] = [];
let isWhole = true;
for (const row of rows) {
  if (only !== undefined && !only.includes(row.name)) continue;
  const found = await measured(row, { ...scope, place, rounds, python: python ?? '' });
  console.log(`\n${row.name}: ${row.sizes}`);
  for (const { description, subject, milliseconds, spread = 0, cannot } of found) {
    const label = subject.label === subject.engine ? description : `${description}: ${subject.label}`;
    const figure =
      milliseconds === undefined
        ? `left out: ${cannot}`
        : `${milliseconds.toFixed(4).padStart(11)} ms ±${(100 * spread).toFixed(0)} %`;
    console.log(`  ${label.padEnd(56)} ${figure}`);
    if (cannot !== undefined && subject.engine === 'espalier') isWhole = false;
  }
  const times = new Map(
    found.flatMap(({ subject, milliseconds }) => (milliseconds === undefined ? [] : [[subject.label, milliseconds]])),
  );
  const lines = linesOf(row, times, scope);
  for (const { name, ratio, peerName, target, holds } of lines)
    console.log(
      `${holds ? 'holds' : 'FAILS'}  ${name.padEnd(36)} ${ratio.toFixed(3).padStart(8)} × ${peerName}, at least ${target.toPrecision(3)}`,
    );
  all.push(...lines);
  if (json !== undefined) writeWhole(json, `${JSON.stringify(all, undefined, 2)}\n`);
}
console.log(
  `\n${threads === 1 ? 'one thread' : `${threads} threads`}; ${cpus()[0]?.model ?? 'unknown processor'}, ${place.description}`,
);
if (before !== undefined)
  console.log(
    `cores answered each other in ${before.toFixed(0)} ns before, and in ${(await answerTime()).toFixed(0)} ns after`,
  );
process.exitCode = isWhole && all.every(({ holds }) => holds) ? 0 : 1;
