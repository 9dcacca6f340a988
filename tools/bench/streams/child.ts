/**
 * A training on a file that is larger than memory, in a process of its own, which may be killed: it goes on from its last
 * checkpoint, and says at the end what it took. Its one argument is a `Training` as JSON.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AdamW, build, fit } from '@espalier/nn';
import { saveModel, writeFileAtomic } from '@espalier/nn/node';
import { openSubject, type Training } from './subjects.ts';

/** Steps between two checkpoints. */
const everySteps = 100;

/** What the system counts of this process, in bytes: a field of a file of /proc. */
function counted(file: 'status' | 'io', field: string): number {
  const line = new RegExp(`^${field}:\\s*(\\d+)( kB)?$`, 'mu').exec(readFileSync(`/proc/self/${file}`, 'utf8'));
  return Number(line?.[1] ?? 'NaN') * (line?.[2] === undefined ? 1 : 1024);
}

const training = JSON.parse(process.argv[2] ?? '') as Training;
const { folder } = training;
const began = performance.now();
const { data, model: config, loss, batch, index } = await openSubject(training);
const opened = { seconds: (performance.now() - began) / 1000, read: counted('io', 'rchar') };
const checkpoint = join(folder, 'checkpoint.safetensors');
const model = build(config, { seed: training.seed });
const started = performance.now();
let stepsBefore = 0;
const { epochs, steps } = await fit(model, data, {
  loss,
  optimizer: new AdamW({ lr: 1e-3 }),
  epochs: training.epochs,
  batchSize: batch,
  seed: training.seed,
  checkpoint: {
    everySteps,
    save: (bytes) => writeFileAtomic(checkpoint, bytes),
  },
  ...(existsSync(checkpoint) && { resume: new Uint8Array(await readFile(checkpoint)) }),
  onEvent: (event) => {
    if (event.type === 'start') stepsBefore = event.step;
    // Those that are killed are counted, too.
    if (event.type === 'checkpoint')
      writeFileSync(join(folder, `peak-${process.pid}`), `${counted('status', 'VmHWM')}`);
  },
});
const seconds = (performance.now() - started) / 1000;
await saveModel(folder, model);
const examples = Math.min((steps - stepsBefore) * batch, data.size * training.epochs);
console.log(
  JSON.stringify({
    opened,
    seconds,
    examplesPerSecond: examples / seconds,
    losses: epochs.map((epoch) => epoch.loss),
    peak: counted('status', 'VmHWM'),
    resumedFrom: stepsBefore,
    steps,
    rows: data.size,
    ...(index && { index }),
  }),
);
await data.close();
