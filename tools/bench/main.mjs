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
import { parseArgs, promisify } from 'node:util';
import { build } from '../build.mjs';
import { problems } from './problems.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const engines = ['espalier', 'jax-js', 'tfjs-wasm'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, json: { type: 'string' } },
});
const workloads = positionals.length > 0 ? positionals : Object.keys(problems);
const unknown = workloads.find((workload) => !(workload in problems));
if (unknown) {
  console.error(`bench: there is no workload '${unknown}'; choose from ${Object.keys(problems).join(', ')}`);
  process.exit(2);
}

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
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const results = [];
for (const workload of workloads) {
  const rounds = new Map(engines.map((engine) => [engine, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    const order = engines.map((_, index) => engines[(index + round) % engines.length]);
    for (const engine of order) {
      const { stdout } = await run(process.execPath, [`${here}worker.mjs`, engine, workload]);
      rounds.get(engine).push(JSON.parse(stdout.trim().split('\n').at(-1)));
    }
  }
  const own = median(rounds.get('espalier').map(({ milliseconds }) => milliseconds));
  console.log(`\n${workload}`);
  for (const [engine, list] of rounds) {
    const milliseconds = median(list.map((result) => result.milliseconds));
    const { name, itemsPerStep, unit } = list[0];
    const rate = (itemsPerStep / milliseconds) * 1000;
    results.push({ workload, engine, name, milliseconds, rate, unit, espalierIsFasterBy: milliseconds / own });
    console.log(
      `  ${name.padEnd(56)} ${milliseconds.toFixed(3).padStart(9)} ms  ${rate.toFixed(1).padStart(10)} ${unit.padEnd(9)} ${(milliseconds / own).toFixed(2)}x`,
    );
  }
}
const machine = `${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}`;
console.log(`\none thread, CPU time; ${machine}; the last column is a step's time relative to Espalier's`);
if (values.json) writeFileSync(values.json, `${JSON.stringify({ machine, results }, null, 2)}\n`);
