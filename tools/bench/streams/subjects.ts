/** What is trained on files that are larger than memory: a perceptron on the table, a small transformer on the tokens. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crossEntropy, mse, type Dataset, type LossFunction, type ModuleConfig } from '@espalier/nn';
import { fileBytes, writeFileAtomic } from '@espalier/nn/node';
import { csvStream, fitPreparation, indexCsv, readCsvPart, tokenStream, type CsvIndex } from '@espalier/data';
import { vocabulary } from './make.ts';

/** A training, as JSON. */
export interface Training {
  readonly subject: 'table' | 'tokens';
  readonly file: string;
  /** Where it keeps its checkpoint and leaves its model. */
  readonly folder: string;
  readonly seed: number;
  /** Steps of an epoch; without, the whole file. */
  readonly steps?: number;
  readonly epochs: number;
  /** Bytes for examples. */
  readonly memory: number;
}

/** What is trained, on what. */
interface Subject {
  readonly data: Dataset & { readonly close: () => Promise<void> };
  readonly model: ModuleConfig;
  readonly loss: LossFunction;
  readonly batch: number;
  readonly index?: { readonly rows: number; readonly parts: number };
}

const [context, width, heads, depth] = [128, 64, 4, 2];

const around = (layers: readonly ModuleConfig[]): ModuleConfig => ({
  type: 'residual',
  body: { type: 'sequential', layers: [{ type: 'layer-norm', shape: width }, ...layers] },
});

const block: readonly ModuleConfig[] = [
  around([{ type: 'self-attention', width, heads, causal: true }]),
  around([
    { type: 'linear', in: width, out: 4 * width },
    { type: 'gelu' },
    { type: 'linear', in: 4 * width, out: width },
  ]),
];

const transformer: ModuleConfig = {
  type: 'sequential',
  layers: [
    { type: 'embedding', count: vocabulary, size: width, init: { type: 'normal', mean: 0, std: 0.02 } },
    { type: 'position-embedding', count: context, size: width },
    ...Array.from({ length: depth }, () => block).flat(),
    { type: 'layer-norm', shape: width },
    { type: 'linear', in: width, out: vocabulary, bias: false },
  ],
};

const perceptron = (inputs: number): ModuleConfig => ({
  type: 'sequential',
  layers: [
    { type: 'linear', in: inputs, out: 64 },
    { type: 'relu' },
    { type: 'linear', in: 64, out: 64 },
    { type: 'relu' },
    { type: 'linear', in: 64, out: 1 },
  ],
});

async function table({ file, folder, seed, steps, memory }: Training): Promise<Subject> {
  const batch = 512;
  const source = await fileBytes(file);
  const path = join(folder, '..', 'index.json');
  const index = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as CsvIndex) : await indexCsv(source);
  await writeFileAtomic(path, JSON.stringify(index));
  const preparation = fitPreparation(await readCsvPart(source, index, 0), { target: 'price' });
  const data = csvStream(source, index, preparation, { seed, memory, ...(steps && { examples: steps * batch }) });
  return {
    data: { ...data, close: () => source.close() },
    model: perceptron(preparation.features.length),
    loss: mse,
    batch,
    index: { rows: index.rows, parts: index.parts.length },
  };
}

async function tokens({ file, seed, steps = 2000, memory }: Training): Promise<Subject> {
  const batch = 8;
  const source = await fileBytes(file);
  const data = tokenStream(source, { context, vocabulary, seed, memory, examples: steps * batch });
  return { data: { ...data, close: () => source.close() }, model: transformer, loss: crossEntropy, batch };
}

/** Opens the data of a training. */
export function openSubject(training: Training): Promise<Subject> {
  return { table, tokens }[training.subject](training);
}
