/** What is trained on files that are larger than memory: a perceptron on the table, a small transformer on the tokens. */
import { join } from 'node:path';
import { crossEntropy, mse, type Dataset, type LossFunction, type ModuleConfig } from '@espalier/nn';
import { csvStream, fitPreparation, readCsvPart, tokenStream, type StreamedDataset } from '@espalier/data';
import {
  keptIndex,
  sideCsvStream,
  sideTokenStream,
  steadyFile,
  type SideStream,
  type SteadyFile,
} from '@espalier/data/node';
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
  /** Whether a thread of its own reads the file. Default: false. */
  readonly thread?: boolean;
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

/** A stream that closes its file and, if it has one, its thread. */
function withSource(stream: StreamedDataset | SideStream, source: SteadyFile): Subject['data'] {
  const close = async (): Promise<void> => {
    if ('close' in stream) await stream.close();
    await source.close();
  };
  return { ...stream, close };
}

async function table({ file, folder, seed, steps, memory, thread }: Training): Promise<Subject> {
  const batch = 512;
  const source = await steadyFile(file);
  const { index } = await keptIndex(source, join(folder, '..', 'index'));
  const preparation = fitPreparation(await readCsvPart(source, index, 0), { target: 'price' });
  const options = { seed, memory, ...(steps && { examples: steps * batch }) };
  const stream = thread
    ? await sideCsvStream(file, index, preparation, options)
    : csvStream(source, index, preparation, options);
  return {
    data: withSource(stream, source),
    model: perceptron(preparation.features.length),
    loss: mse,
    batch,
    index: { rows: index.rows, parts: index.parts.length },
  };
}

async function tokens({ file, seed, steps = 2000, memory, thread }: Training): Promise<Subject> {
  const batch = 8;
  const source = await steadyFile(file);
  const { digest } = source;
  const options = { context, vocabulary, seed, memory, digest, examples: steps * batch };
  const stream = thread ? await sideTokenStream(file, options) : tokenStream(source, options);
  return { data: withSource(stream, source), model: transformer, loss: crossEntropy, batch };
}

/** Opens the data of a training. */
export function openSubject(training: Training): Promise<Subject> {
  return { table, tokens }[training.subject](training);
}
