/** What the arrays of a matrix mean. */
import type { Tensor } from '../tensor/tensor.ts';
import type { EncodedProduct } from './product.ts';

/** The dense matrix. */
export function expand(
  arrays: readonly Tensor[],
  { format, settings, shape }: Pick<EncodedProduct, 'format' | 'settings' | 'shape'>,
): Tensor {
  const names = format.arrays(settings);
  return format.expand(Object.fromEntries(names.map((name, part) => [name, arrays[part] as Tensor])), settings, shape);
}
