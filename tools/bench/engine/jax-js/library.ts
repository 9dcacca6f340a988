/**
 * jax-js as far as rows use it. It is installed by the benchmark itself, so that its types are not known where this is
 * checked. Arrays are consumed by what uses them; `ref` keeps one.
 */
import { installed } from '../installed.ts';
import type { Operand } from '../problem.ts';

/** An array of jax-js. */
export interface Jax {
  readonly shape: readonly number[];
  readonly ref: Jax;
  add(other: Jax | number): Jax;
  sub(other: Jax | number): Jax;
  mul(other: Jax | number): Jax;
  div(other: Jax | number): Jax;
  sum(axis?: number): Jax;
  reshape(shape: readonly number[]): Jax;
  transpose(axes?: readonly number[]): Jax;
  data(): Promise<ArrayLike<number>>;
  dispose(): void;
}

type Function = (...inputs: Jax[]) => Jax;
type Axis = number | readonly number[];

/** The part of its interface that rows use. */
export interface Library {
  readonly init: (device: string) => Promise<unknown>;
  readonly defaultDevice: (device: string) => unknown;
  readonly blockUntilReady: (arrays: readonly Jax[]) => Promise<unknown>;
  readonly jit: <Made extends Jax | readonly Jax[]>(make: (...inputs: Jax[]) => Made) => (...inputs: Jax[]) => Made;
  readonly grad: (f: Function, options: { argnums: readonly number[] }) => (...inputs: Jax[]) => Jax[];
  readonly valueAndGrad: (f: Function, options: { argnums: readonly number[] }) => (...inputs: Jax[]) => [Jax, Jax[]];
  readonly numpy: {
    readonly array: (values: Float32Array | Int32Array) => Jax;
    readonly float32: unknown;
    readonly matmul: (a: Jax, b: Jax) => Jax;
    readonly matrixTranspose: (a: Jax) => Jax;
    readonly mean: (a: Jax, axis?: Axis, options?: { keepdims: boolean }) => Jax;
    readonly max: (a: Jax, axis: Axis) => Jax;
    readonly sqrt: (a: Jax) => Jax;
    readonly square: (a: Jax) => Jax;
    readonly sort: (a: Jax, axis: number) => Jax;
    readonly argmax: (a: Jax, axis: number) => Jax;
    readonly cumsum: (a: Jax, axis: number) => Jax;
    readonly take: (a: Jax, indices: Jax, axis: number) => Jax;
    readonly zeros: (shape: readonly number[]) => Jax;
    readonly split: (a: Jax, parts: number, axis: number) => Jax[];
  };
  readonly nn: {
    readonly relu: (a: Jax) => Jax;
    readonly gelu: (a: Jax, options: { approximate: boolean }) => Jax;
    readonly softmax: (a: Jax) => Jax;
    readonly logSoftmax: (a: Jax) => Jax;
    readonly standardize: (a: Jax, axis: number, options: { epsilon: number }) => Jax;
    readonly oneHot: (a: Jax, classes: number) => Jax;
  };
  readonly lax: {
    readonly convGeneralDilated: (
      x: Jax,
      w: Jax,
      strides: readonly number[],
      padding: readonly (readonly number[])[],
      options?: { featureGroupCount: number },
    ) => Jax;
  };
}

/** jax-js, set to WebAssembly. */
export const jax: Library = (await installed.jaxJs()) as Library;
await jax.init('wasm');
jax.defaultDevice('wasm');

export const description = 'jax-js 0.1.25 (wasm)';

/** An operand as its array. */
export function arrayOf({ values, shape }: Operand): Jax {
  return jax.numpy.array(values).reshape(shape);
}
