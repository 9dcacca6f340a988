/**
 * Espalier beside its peers, in one run: `npm run bench -- [WORKLOAD …] [--rounds N] [--json FILE]`.
 *
 * Each engine runs in a process of its own, round after round in rotating order; a round's figure is the median CPU time
 * of a step after warm-up, and every result is checked against doubles before it is timed. The table gives the median
 * over rounds and, since absolute times differ from machine to machine, the ratio to Espalier.
 */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from '../build.mjs';
import { commandLine } from './command-line.mjs';
import { problems } from './problems.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

const {
  words: workloads,
  wholeNumbers,
  option,
} = commandLine('bench', { rounds: '5', json: undefined }, { what: 'workload', names: Object.keys(problems) });
const [roundCount = 0] = wholeNumbers('rounds') ?? [];
const resultsFile = option('json');

await build();
if (!existsSync(`${here}peers/node_modules`)) {
  const { status } = spawnSync(
    'npm',
    ['ci', '--prefix', `${here}peers`, '--ignore-scripts', '--no-audit', '--no-fund'],
    { stdio: 'inherit' },
  );
  if (status !== 0) process.exit(1);
}

const run = promisify(execFile);
/** @typedef {import('./problems.mjs').Timing} Timing */
/** @param {readonly Timing[]} timings of one engine */
const medianTime = (timings) =>
  timings.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b)[timings.length >> 1] ?? Number.NaN;
const results = [];
for (const workload of workloads) {
  const engines = problems[workload]?.engines ?? [];
  /** @type {Map<string, Timing[]>} */
  const rounds = new Map(engines.map((engine) => [engine, []]));
  for (let round = 0; round < roundCount; round++) {
    const first = round % engines.length;
    for (const engine of [...engines.slice(first), ...engines.slice(0, first)]) {
      const { stdout } = await run(process.execPath, [`${here}worker.mjs`, engine, workload]);
      rounds.get(engine)?.push(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
    }
  }
  const own = medianTime(rounds.get('espalier') ?? []);
  console.log(`\n${workload}`);
  for (const [engine, timings] of rounds) {
    const milliseconds = medianTime(timings);
    const [{ name, itemsPerStep, unit } = { name: engine, itemsPerStep: 0, unit: '' }] = timings;
    const rate = (itemsPerStep / milliseconds) * 1000;
    results.push({ workload, engine, name, milliseconds, rate, unit, espalierIsFasterBy: milliseconds / own });
    console.log(
      `  ${name.padEnd(56)} ${milliseconds.toFixed(3).padStart(9)} ms  ${rate.toFixed(1).padStart(10)} ${unit.padEnd(9)} ${(milliseconds / own).toFixed(2)}x`,
    );
  }
}
const machine = `${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}`;
console.log(`\none thread, CPU time; ${machine}; the last column is a step's time relative to Espalier's`);
if (resultsFile !== undefined) writeFileSync(resultsFile, `${JSON.stringify({ machine, results }, null, 2)}\n`);
