/** Every form in which a model may hold its weights, and how far two devices agree on what it computes. */
import { cloneModel, prefer, type Dataset, type Module } from '@espalier/nn';
import { isFloat, type Device, type Shape, type Tensor } from '@espalier/tensor';
import {
  cluster,
  copyModel,
  encode,
  materializeModel,
  prune,
  quantize,
  runRecipe,
  type QuantizeOptions,
  type Step,
} from '../../src/index.ts';
import { cosine } from './cosine.ts';

/** A model with its weights in a form, made of a dense one; those that calibrate see the examples. */
export type Layout = (model: Module, train: Dataset) => Promise<Module>;

/** What the file of a recipe's model loads. */
const by =
  (...steps: readonly Step[]): Layout =>
  async (model, train) =>
    materializeModel((await runRecipe(model, steps, { data: { train } })).model);

const inDType =
  (dtype: 'f16' | 'bf16'): Layout =>
  (model) =>
    cloneModel(model, { dtype });

const encoded = (format: string, options: Parameters<typeof encode>[0]['options'] = {}): Step =>
  encode({ format, options });
const sparse = prune({ sparsity: 0.7, scope: 'local' });
const rounded = (weights: string, options: QuantizeOptions = {}): Step => quantize({ ...options, weights });

/** Formats with values that are there or not, each over both kinds of values. */
const overValues = (name: string, steps: (values: 'f32' | 'int8') => readonly Step[]): [string, Layout][] =>
  (['f32', 'int8'] as const).map((values) => [`${name}-${values}`, by(...steps(values))]);

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** By name: dense numbers, each format with what its kernels tell apart, and what recipes store. */
export const layouts: Readonly<Record<string, Layout>> = Object.fromEntries<Layout>([
  ['f32', by()],
  ['f16', inDType('f16')],
  ['bf16', inDType('bf16')],
  ['int8-rows', by(encoded('int8'))],
  ['int8-matrix', by(encoded('int8', { scales: 'matrix' }))],
  ['int4', by(encoded('int4'))],
  ['int4-zeros', by(encoded('int4', { group: 16, zeros: true }))],
  ...range(1, 8).flatMap((bits): [string, Layout][] => [
    [`int-n-${bits}`, by(encoded('int-n', { bits }))],
    [`int-n-${bits}-zeros`, by(encoded('int-n', { bits, zeros: true, scales: 'f16' }))],
  ]),
  ['codebook-4', by(encoded('codebook', { bits: 4 }))],
  ['codebook-8', by(encoded('codebook', { bits: 8 }))],
  ...overValues('csr', (values) => [sparse, encoded('csr', { values })]),
  ...overValues('bitmask', (values) => [sparse, encoded('bitmask', { values })]),
  ...overValues('2-of-4', (values) => [encoded('n-of-m', { values })]),
  ...overValues('3-of-8', (values) => [encoded('n-of-m', { n: 3, m: 8, values })]),
  ...overValues('1-of-16', (values) => [encoded('n-of-m', { n: 1, m: 16, values })]),
  ...overValues('blocks-4x4', (values) => [sparse, encoded('blocks', { values })]),
  ...overValues('blocks-1x16', (values) => [sparse, encoded('blocks', { height: 1, width: 16, values })]),
  ['pruned', by(sparse)],
  ['mostly-pruned', by(prune({ sparsity: 0.95, scope: 'local' }))],
  ['quantized-int8', by(rounded('int8'))],
  ['quantized-int8-tensor', by(rounded('int8', { granularity: 'tensor' }))],
  ...['int4', 'int3', 'int2'].flatMap((weights): [string, Layout][] => [
    [`quantized-${weights}`, by(rounded(weights))],
    [`quantized-${weights}-group-zeros`, by(rounded(weights, { group: 16, zeros: true }))],
  ]),
  ['pruned-quantized-int8', by(sparse, rounded('int8'))],
  ['mostly-pruned-quantized-int8', by(prune({ sparsity: 0.95, scope: 'local' }), rounded('int8'))],
  ['clustered', by(cluster({ bits: 4 }))],
  ['pruned-clustered', by(sparse, cluster({ bits: 3 }))],
  ...(['dynamic', 'static', { type: 'static', zeros: false }] as const).flatMap((activations): [string, Layout][] => {
    const name = typeof activations === 'string' ? activations : 'static-around-0';
    return [
      [`int8-${name}`, by(rounded('int8', { activations }))],
      [`int4-group-${name}`, by(rounded('int4', { group: 32, activations }))],
      [`pruned-int8-${name}`, by(sparse, rounded('int8', { activations }))],
    ];
  }),
]);

/** The smallest cosines of outputs here and there. */
export interface Agreement {
  /** Of all that is given for an example. */
  readonly example: number;
  /** Of a row of it: of outputs [examples, positions, …] those of one position. */
  readonly row: number;
}

/**
 * How far a model and its copy on another device agree. Both compute from weights as they are stored, of which no dense copy is
 * kept. Where inputs of layers are rounded, a code may be another one there for what differs by the last bit, and one position
 * shows that more than an example does.
 */
export async function agreement(model: Module, x: Tensor, there: Device): Promise<Agreement> {
  const copy = await copyModel(model, { device: there });
  const [dtype = 'f32'] = model.parameters().map((parameter) => parameter.dtype);
  const input = isFloat(x.dtype) ? x.cast(dtype).realizeSync() : x;
  const outputs = async (of: Module, given: Tensor): Promise<{ values: Float32Array; shape: Shape }> => {
    prefer(of, 'memory');
    const output = of.eval().call(given);
    return { values: (await output.cast('f32').data()) as Float32Array, shape: output.shape };
  };
  const [here, others] = [await outputs(model, input), await outputs(copy, await input.to(there))];
  for (const parameter of copy.parameters()) parameter.dispose();
  const least = (width: number): number => {
    const parts = Array.from(
      { length: here.values.length / width },
      (_, at) => [at * width, (at + 1) * width] as const,
    );
    return Math.min(
      ...parts.map(([from, to]) => cosine(here.values.subarray(from, to), others.values.subarray(from, to))),
    );
  };
  const [examples = 1] = here.shape;
  return { example: least(here.values.length / examples), row: least(here.shape.at(-1) ?? 1) };
}
