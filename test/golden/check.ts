// Runs PyTorch's samples of an op through our rule for it and says of each what came out.
import { dtypes, gradients, isFloat, TensorError, type Device, type DType, type Tensor } from '@espalier/tensor';
import { ConfigError } from '@espalier/nn';
import { Call, Inexpressible } from './call.ts';
import { elementsOf, golden, inputElements, tensorFrom, type GoldenTensor, type Sample } from './file.ts';
import { creationRules } from './rules/creation.ts';
import { elementwiseRules } from './rules/elementwise.ts';
import { movementRules } from './rules/movement.ts';
import { productRules } from './rules/products.ts';
import { reductionRules } from './rules/reductions.ts';
import type { Rule } from './rules/rule.ts';

/** How each of PyTorch's ops is called with us. */
export const rules: Readonly<Record<string, Rule>> = {
  ...elementwiseRules,
  ...reductionRules,
  ...movementRules,
  ...productRules,
  ...creationRules,
};

/** `same`: as PyTorch; otherwise in which way it is not. */
export type Verdict = 'same' | 'inexpressible' | 'refused' | 'accepted' | 'value' | 'gradient';

/** What came out of one sample in one dtype. */
export interface Outcome {
  readonly op: string;
  readonly sample: Sample;
  /** The dtype of the run; of the sample's arguments where it is a float sample. */
  readonly dtype: DType;
  readonly verdict: Verdict;
  /** What differs, for people. */
  readonly detail: string;
}

/** PyTorch's own bounds for comparing results; doubles are written with seven digits. */
const bounds: Readonly<Partial<Record<DType, readonly [relative: number, absolute: number]>>> = {
  f64: [1e-6, 1e-7],
  f32: [1e-5, 1e-5],
  f16: [2e-3, 1e-3],
  bf16: [1.6e-2, 1e-2],
};

/** Where gradients cancel, what is left is rounding. */
const cancelled: Readonly<Partial<Record<DType, number>>> = { f64: 1e-11, f32: 1e-6 };

/** The dtypes in which a sample runs on a device. */
export function dtypesOf(sample: Sample, device: Device, only?: readonly DType[]): readonly DType[] {
  if (sample.dtype === undefined) return ['f32'];
  if (sample.dtype === 'i64') return ['i32'];
  if (sample.dtype !== 'float') return device.capabilities.dtypes.has(sample.dtype) ? [sample.dtype] : [];
  const floats = (['f32', 'f64', 'f16', 'bf16'] as const).filter((dtype) => device.capabilities.dtypes.has(dtype));
  return floats.filter((dtype) => (only?.includes(dtype) ?? true) && holds(sample, dtype));
}

/** Whether a dtype has all numbers of the inputs: half precision ends earlier. */
function holds(sample: Sample, dtype: DType): boolean {
  const { round } = dtypes[dtype];
  const tensors = JSON.stringify([sample.args, sample.kwargs ?? {}]).matchAll(/\{"tensor":(\d+)\}/g);
  return [...tensors].every(([, index]) =>
    inputElements(golden.tensors[Number(index)] as GoldenTensor).every((value) => Object.is(round(value), value)),
  );
}

/** Runs one sample. */
export async function check(op: string, sample: Sample, dtype: DType, device: Device): Promise<Outcome> {
  const told = (verdict: Verdict, detail = ''): Outcome => ({ op, sample, dtype, verdict, detail });
  const rule = rules[op] as Rule;
  try {
    const call = new Call(sample, rule.names, dtype, device);
    const made = await rule.run(call);
    call.checkRead();
    const results = Array.isArray(made) ? (made as readonly Tensor[]) : [made as Tensor];
    for (const result of results) await result.data();
    if (!sample.results) return told('accepted', `PyTorch: ${sample.error}`);
    const values = await compareAll(results, sample.results);
    if (values !== undefined) return told('value', values);
    // In half precision what cancels in a gradient is rounding: the values are compared, the gradients are not.
    if (!sample.gradients || (dtype !== 'f32' && dtype !== 'f64')) return told('same');
    const slopes = await compareGradients(call, results, sample);
    return slopes === undefined ? told('same') : told('gradient', slopes);
  } catch (error) {
    if (error instanceof Inexpressible)
      return told(sample.error === undefined ? 'inexpressible' : 'same', error.message);
    if (!(error instanceof TensorError || error instanceof ConfigError)) throw error;
    return told(sample.error === undefined ? 'refused' : 'same', error.message);
  }
}

async function compareAll(results: readonly Tensor[], expected: readonly number[]): Promise<string | undefined> {
  if (results.length !== expected.length) return `${results.length} results, not ${expected.length}`;
  for (const [index, result] of results.entries()) {
    const difference = await compare(result, golden.tensors[expected[index] as number] as GoldenTensor);
    if (difference !== undefined) return `result ${index}: ${difference}`;
  }
  return undefined;
}

/** Floats, integers and truth values are not the same; widths may differ. */
const kindOf = (dtype: string): string => (dtype === 'bool' ? 'bool' : dtype.includes('f') ? 'float' : 'integer');

async function compare(actual: Tensor, expected: GoldenTensor, noise = 0): Promise<string | undefined> {
  const [theirs, shape] = expected;
  if (actual.shape.join() !== shape.join()) return `shape [${actual.shape.join(', ')}], not [${shape.join(', ')}]`;
  if (kindOf(actual.dtype) !== kindOf(theirs)) return `${actual.dtype}, not ${theirs}`;
  const [relative, absolute] = bounds[actual.dtype] ?? [0, 0];
  const { round } = dtypes[actual.dtype];
  const [found, wanted] = [await actual.data(), elementsOf(expected)];
  const largest = wanted.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
  for (const [index, value] of wanted.entries()) {
    const own = found[index] as number;
    const near = Math.abs(own - value) <= Math.max(noise, absolute * Math.min(1, largest)) + relative * Math.abs(value);
    // Beyond the range of half precision the nearest number is infinite.
    if (near || Object.is(own, value) || own === value || own === round(value)) continue;
    return `element ${index} of ${wanted.length} is ${own}, not ${value}`;
  }
  return undefined;
}

async function compareGradients(call: Call, results: readonly Tensor[], sample: Sample): Promise<string | undefined> {
  const smooth = results.filter((result) => isFloat(result.dtype) && result.requiresGrad);
  if (smooth.length === 0) return 'no result has a gradient';
  const [total] = smooth
    .map((result) => result.mul(cotangent(result)).sum())
    .reduce<Tensor[]>((sum, part) => [sum[0] ? sum[0].add(part) : part], []);
  const wanted = sample.gradients ?? [];
  const found = gradients(
    total as Tensor,
    wanted.map(([position]) => call.tensors[position] as Tensor),
  );
  for (const [index, [position, tensor]] of wanted.entries()) {
    const gradient = found[index] as Tensor;
    const difference = await compare(gradient, golden.tensors[tensor] as GoldenTensor, cancelled[gradient.dtype]);
    if (difference !== undefined) return `of tensor ${position}: ${difference}`;
  }
  return undefined;
}

function cotangent(result: Tensor): Tensor {
  const elements = Float64Array.from({ length: result.size }, (_, index) => (((37 * index) % 16) - 7.5) / 8);
  return tensorFrom(elements, result.shape, result.dtype, result.device);
}
