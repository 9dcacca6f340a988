/** What a matrix in a format is multiplied with. */
import { oneOf, type OptionRules } from '../arguments/rules.ts';
import type { GroupActivations } from '../kernel/activations.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Options of a product. */
export interface EncodedMatmulOptions {
  /**
   * As what the dense factor is multiplied: `f32`, the default, or rounded to `int8` with a scale for each of its rows, so
   * that a format of 8 bits sums whole numbers; `int8-groups` and `int16-groups`: with a scale for each 32 elements of a row, for
   * formats that have scales for 16 or 32 columns. Default: what `rounding` says, or else `f32`.
   */
  readonly activations?: 'f32' | 'int8' | GroupActivations;
}

/** What they must be. */
export const productOptions: OptionRules<EncodedMatmulOptions> = {
  activations: oneOf('f32', 'int8', 'int8-groups', 'int16-groups'),
};

/** A leading axis of several that cannot be joined with another, since that has a length. */
export function apartFromLength({ shape, node: { lengths } }: Tensor): number | undefined {
  if (!lengths?.slice(0, -1).some((length) => length)) return undefined;
  const axis = shape.findIndex((size, a) => a < shape.length - 1 && size !== 1 && !lengths[a]);
  return axis < 0 ? undefined : axis;
}

/** The dtypes of what a matrix is multiplied with. */
export const factors: ReadonlySet<string> = new Set(['f32', 'f16', 'bf16', 'i8']);
