/** What the arrays of a matrix mean. */
import { aTensor } from '../arguments/types.ts';
import { describe } from '../arguments/describe.ts';
import { ArgumentError } from '../errors.ts';
import { sameShape, showShape } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { EncodedProduct } from './product.ts';

/**
 * The dense matrix.
 * @throws {ArgumentError} where a format of somebody's gives another thing.
 */
export function expand(
  arrays: readonly Tensor[],
  { format, settings, shape }: Pick<EncodedProduct, 'format' | 'settings' | 'shape'>,
): Tensor {
  const names = format.arrays(settings);
  const given = Object.fromEntries(names.map((name, part) => [name, arrays[part] as Tensor]));
  const dense: unknown = format.expand(given, settings, shape);
  if (aTensor.holds(dense) && dense.dtype === 'f32' && sameShape(dense.shape, shape)) return dense;
  const is = aTensor.holds(dense) ? `${dense.dtype} ${showShape(dense.shape)}` : describe(dense);
  throw new ArgumentError('toDense', `the expand of ${format.name} gave ${is}; it must be f32 ${showShape(shape)}`);
}
