/** One engine on one workload in a process of its own: `worker.mjs ENGINE WORKLOAD`. Prints one JSON line. */
import { problems } from './problems.mjs';

const [engine, workload = ''] = process.argv.slice(2);
/** @type {import('./problems.mjs').Adapter} */
const adapter = await import(`./adapters/${engine}.mjs`);
const problem = problems[workload]?.make();
if (problem === undefined) throw new Error(`there is no workload '${workload}'`);
const run = await problem.run(adapter);

await run.step();
const found = await run.check();
const wanted = problem.expected();
const error = Math.abs(found - wanted) / Math.max(1, Math.abs(wanted));
if (!(error < (problem.tolerance ?? 1e-4)))
  throw new Error(`${engine} computes ${found} on ${workload}, not ${wanted}`);

/** Process CPU time of one step, over samples of at least 60 ms. */
async function sample() {
  const before = process.cpuUsage();
  const start = performance.now();
  let steps = 0;
  do {
    await run.step();
    steps++;
  } while (performance.now() - start < 60);
  await run.check();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / steps;
}

const warmUntil = performance.now() + 1000;
while (performance.now() < warmUntil) await sample();
const samples = [];
for (let i = 0; i < 15; i++) samples.push(await sample());
samples.sort((a, b) => a - b);
console.log(
  JSON.stringify({
    name: adapter.name(),
    milliseconds: samples[7],
    itemsPerStep: problem.itemsPerStep,
    unit: problem.unit,
  }),
);
