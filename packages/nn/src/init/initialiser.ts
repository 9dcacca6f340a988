/** What an initialiser is: a random, or constant, tensor that knows the size of the layer it is for. */
import type { Shape, Tensor } from '@espalier/tensor';
import { check } from '@espalier/tensor/arguments';
import { aShape } from '../config/rules.ts';
import type { BuildContext } from '../module/build-context.ts';

/** How many inputs reach one output of a layer, and how many outputs one input reaches. */
export interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/** An initialiser as JSON: its type and its settings. The name alone stands for one with default settings. */
export interface InitialiserConfig {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Makes initial values. */
export type Initialiser = (shape: Shape, fans: Fans, context: BuildContext) => Tensor;

/** A type of initialiser. */
export interface InitialiserType {
  readonly type: string;
  /**
   * Reads the settings. Returns them complete, with the function they stand for.
   * @throws {ConfigError} for those that are wrong.
   */
  readonly create: (config: unknown, where: string) => { readonly settings: object; readonly initialise: Initialiser };
}

/** The fans of a weight [out, in, ...kernel]. */
export function fansOf(shape: Shape): Fans {
  check('fansOf', 'shape', shape, aShape);
  const [out = 1, inputs = 1, ...kernel] = shape;
  const area = kernel.reduce((product, size) => product * size, 1);
  return { fanIn: inputs * area, fanOut: out * area };
}
