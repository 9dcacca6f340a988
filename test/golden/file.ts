// Reads operators.json.gz, which tools/golden/operators.py writes: PyTorch's samples of every op that we have.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { dtypes, fromBytes, type Device, type DType, type Tensor } from '@espalier/tensor';

/** A number as JSON has it: what is not finite is a word, `nan`, `inf` or `-inf`. */
type Written = number | string;

/** A tensor of the file: PyTorch's dtype, the sizes, and the elements, or one for all of them. */
export type GoldenTensor = readonly [dtype: string, shape: readonly number[], data: readonly Written[]];

/** An argument of a sample. */
export type Encoded =
  | null
  | boolean
  | number
  | string
  | readonly Encoded[]
  | { readonly tensor: number }
  | { readonly dtype: string }
  | { readonly number: string }
  | { readonly slice: readonly (number | null)[] }
  | { readonly ellipsis: true }
  | { readonly layout: string };

/** One call of an op, and what PyTorch made of it. */
export interface Sample {
  /** `float` stands for every float dtype. Absent where the call is refused. */
  readonly dtype?: 'float' | 'i64' | DType;
  readonly args: readonly Encoded[];
  readonly kwargs?: Readonly<Record<string, Encoded>>;
  /** Indices of tensors. */
  readonly results?: readonly number[];
  /** The position of a tensor among all of the call's, and the index of its gradient. */
  readonly gradients?: readonly (readonly [position: number, tensor: number])[];
  /** What PyTorch's message looks like, where it refuses the call. */
  readonly error?: string;
}

interface GoldenFile {
  readonly torch: string;
  readonly tensors: readonly GoldenTensor[];
  readonly ops: Readonly<Record<string, readonly Sample[]>>;
}

/** The whole file. */
export const golden: GoldenFile = JSON.parse(
  gunzipSync(readFileSync(new URL('operators.json.gz', import.meta.url))).toString('utf8'),
) as GoldenFile;

const words: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, '-inf': -Infinity };

/** A number of the file. */
export function numberOf(written: Written): number {
  return typeof written === 'number' ? written : (words[written] ?? Number(written));
}

/** The elements of a tensor of the file. */
export function elementsOf([, shape, data]: GoldenTensor): Float64Array {
  const count = shape.reduce((product, size) => product * size, 1);
  return Float64Array.from({ length: count }, (_, index) => numberOf(data[data.length === 1 ? 0 : index] as Written));
}

/** Floats of the inputs are bfloat16 numbers, written with four digits. */
export function inputElements(of: GoldenTensor): Float64Array {
  return of[0] === 'f64' || of[0] === 'f32' ? elementsOf(of).map(dtypes.bf16.round) : elementsOf(of);
}

/** Elements as a tensor. */
export function tensorFrom(elements: Float64Array, shape: readonly number[], dtype: DType, device: Device): Tensor {
  const { bytes, view, encode } = dtypes[dtype];
  const buffer = new ArrayBuffer(elements.length * bytes);
  view(buffer, 0, elements.length).set(elements.map(encode));
  return fromBytes(new Uint8Array(buffer), shape, { dtype, device });
}
