/**
 * TensorFlow.js as far as rows use it, on its WebAssembly backend (XNNPACK, SIMD). It is installed by the benchmark
 * itself, so that its types are not known where this is checked.
 */
import { installed } from '../installed.ts';
import type { Operand } from '../problem.ts';

/** A tensor of TensorFlow.js. */
export interface Tfjs {
  readonly shape: readonly number[];
  data(): Promise<ArrayLike<number>>;
  dispose(): void;
  assign(value: Tfjs): void;
}

type Axis = number | readonly number[];
type Unary = (x: Tfjs) => Tfjs;
type Binary = (x: Tfjs, y: Tfjs | number) => Tfjs;
type Convolution = (x: Tfjs, w: Tfjs, strides: number, padding: string) => Tfjs;
type Pooling = (x: Tfjs, size: number, strides: number, padding: string) => Tfjs;

/** The part of its interface that rows use. */
export interface Library {
  readonly version: { readonly tfjs: string };
  readonly setBackend: (name: string) => Promise<boolean>;
  readonly ready: () => Promise<void>;
  readonly tensor: (values: Float32Array | Int32Array, shape: readonly number[], dtype: string) => Tfjs;
  readonly variable: (initial: Tfjs) => Tfjs;
  readonly tidy: <Made>(make: () => Made) => Made;
  readonly grads: (f: (...inputs: Tfjs[]) => Tfjs) => (inputs: readonly Tfjs[], weight?: Tfjs) => Tfjs[];
  readonly train: Readonly<
    Record<
      'sgd' | 'adam',
      (rate: number) => {
        minimize(loss: () => Tfjs, returned: boolean): Tfjs;
        applyGradients(gradients: Readonly<Record<string, Tfjs>>): void;
      }
    >
  >;
  readonly matMul: (a: Tfjs, b: Tfjs, left?: boolean, right?: boolean) => Tfjs;
  readonly add: Binary;
  readonly sub: Binary;
  readonly mul: Binary;
  readonly div: Binary;
  readonly neg: Unary;
  readonly relu: Unary;
  readonly sqrt: Unary;
  readonly square: Unary;
  readonly tanh: Unary;
  readonly rsqrt: Unary;
  readonly softmax: Unary;
  readonly logSoftmax: Unary;
  readonly mean: (x: Tfjs, axis?: Axis, kept?: boolean) => Tfjs;
  readonly sum: (x: Tfjs, axis?: Axis) => Tfjs;
  readonly argMax: (x: Tfjs, axis: number) => Tfjs;
  readonly cumsum: (x: Tfjs, axis: number) => Tfjs;
  readonly transpose: (x: Tfjs, axes?: readonly number[]) => Tfjs;
  readonly reshape: (x: Tfjs, shape: readonly number[]) => Tfjs;
  readonly split: (x: Tfjs, parts: number, axis: number) => Tfjs[];
  readonly gather: (x: Tfjs, indices: Tfjs) => Tfjs;
  readonly unsortedSegmentSum: (x: Tfjs, indices: Tfjs, rows: number) => Tfjs;
  readonly topk: (x: Tfjs, k: number) => { readonly values: Tfjs };
  readonly oneHot: (x: Tfjs, classes: number) => Tfjs;
  readonly cast: (x: Tfjs, dtype: string) => Tfjs;
  readonly conv2d: Convolution;
  readonly depthwiseConv2d: Convolution;
  readonly conv2dTranspose: (x: Tfjs, w: Tfjs, shape: readonly number[], strides: number, padding: string) => Tfjs;
  readonly maxPool: Pooling;
}

/** TensorFlow.js, set to WebAssembly. */
export const tf: Library = (await installed.tfjs()) as Library;
// It would take another one.
if (!(await tf.setBackend('wasm'))) throw new Error('the backend for WebAssembly does not come up');
await tf.ready();

export const description: string = `tfjs ${tf.version.tfjs} (wasm)`;

/** An operand as its tensor. */
export function tensorOf({ values, shape }: Operand): Tfjs {
  return tf.tensor(values, shape, values instanceof Int32Array ? 'int32' : 'float32');
}
