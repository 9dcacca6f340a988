/**
 * Trains every network of the tabular benchmark and writes table.json:
 * `node --conditions=@espalier/source --import tsx tools/bench/tabular/generate.ts [part] [parts]`.
 * Parts run in processes of their own; the one that ends last joins them. Training is exact: every run writes the same
 * bytes.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import {
  accuracy,
  build,
  buildOptimizer,
  fit,
  loss,
  split,
  tensorDataset,
  type Dataset,
  type Json,
  type ModuleConfig,
  type OptimizerConfig,
} from '@espalier/nn';
import { mnist } from '@espalier/nn/node';
import { device } from '@espalier/tensor';
import { tabularSpace, task, type TabularConfig } from './space.ts';

const [part = 0, parts = 1] = process.argv.slice(2).map(Number);
const fileOf = (name: string): URL => new URL(name, import.meta.url);

const optimizers: Readonly<Record<TabularConfig['training'], OptimizerConfig>> = {
  'sgd-0.1': { type: 'sgd', lr: 0.1 },
  'momentum-0.05': { type: 'sgd', lr: 0.05, momentum: 0.9 },
  'adam-0.003': { type: 'adam', lr: 0.003 },
  'adam-0.01': { type: 'adam', lr: 0.01 },
};

const initialisers: Readonly<Record<TabularConfig['initialiser'], Json>> = {
  'xavier-uniform': 'xavier-uniform',
  'kaiming-normal': 'kaiming-normal',
  orthogonal: 'orthogonal',
  'small-normal': { type: 'normal', std: 0.01 },
};

function architecture({ depth, width, activation, initialiser }: TabularConfig): ModuleConfig {
  const linear = (inputs: number, out: number): ModuleConfig => ({
    type: 'linear',
    in: inputs,
    out,
    init: initialisers[initialiser],
  });
  const hidden = Array.from({ length: depth }, (_, index) => [
    linear(index === 0 ? task.inputs : width, width),
    { type: activation },
  ]);
  return { type: 'sequential', layers: [...hidden.flat(), linear(width, task.classes)] };
}

const place = await device('cpu');
const { train: images } = await mnist({ device: place });
const indices = Array.from({ length: task.train + task.validation }, (_, index) => index);
const drawn = await split(images, [indices.length], { seed: 1 })[0]?.batch(indices);
if (drawn === undefined) throw new Error('there are too few images');
const pooled = drawn.x
  .cast('f32')
  .reshape(indices.length, 7, 4, 7, 4)
  .mean([2, 4])
  .reshape(indices.length, task.inputs);
const [forTraining, held] = split(tensorDataset(pooled, drawn.y), [task.train, task.validation], { seed: 2 });
if (forTraining === undefined || held === undefined) throw new Error('there are too few images');
const data: Data = { train: forTraining, validation: held };

interface Data {
  readonly train: Dataset;
  readonly validation: Dataset;
}

/** Validation images that a network gets right after each epoch. */
async function curve({ train, validation }: Data, config: TabularConfig, seed: number): Promise<readonly number[]> {
  const model = build(architecture(config), { seed, device: place });
  const { epochs } = await fit(model, train, {
    loss: loss('cross-entropy'),
    optimizer: buildOptimizer(optimizers[config.training]),
    batchSize: task.batch,
    epochs: task.epochs,
    seed,
    validate: validation,
    metrics: { accuracy },
  });
  for (const parameter of model.parameters()) parameter.tensor.dispose();
  return epochs.map(({ validation: measured }) => Math.round((measured?.['accuracy'] ?? 0) * task.validation));
}

const own: Record<string, readonly (readonly number[])[]> = {};
for (let index = part; index < tabularSpace.size; index += parts) {
  const curves: (readonly number[])[] = [];
  for (let seed = 1; seed <= task.seeds; seed += 1) curves.push(await curve(data, tabularSpace.at(index), seed));
  own[index] = curves;
  if ((index - part) % 128 === 0) console.error(`${index} of ${tabularSpace.size}`);
}
const partFile = (number: number): URL => fileOf(`table.${number}.part.json`);
writeFileSync(partFile(part), JSON.stringify(own));

const files = Array.from({ length: parts }, (_, number) => partFile(number));
if (files.every((file) => existsSync(file))) {
  const all = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as typeof own);
  const lines = Array.from({ length: tabularSpace.size }, (_, index) => JSON.stringify(all[index % parts]?.[index]));
  writeFileSync(fileOf('table.json'), `[\n${lines.join(',\n')}\n]\n`);
  for (const file of files) rmSync(file);
}
