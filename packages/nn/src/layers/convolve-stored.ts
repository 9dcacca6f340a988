/** Convolution with a weight that is stored in a format: a product over the windows of the image. */
import type { EncodedMatrix, Tensor } from '@espalier/tensor';
import { windowsOf, type Windows } from './windows.ts';

/**
 * x [batch, in, height, width] convolved with a weight whose matrix is [out, in · kernel height · kernel width]:
 * [batch, out, out height, out width]. The windows are laid out in memory, kernel height × width times the image.
 */
export function convolveStored(
  x: Tensor,
  matrix: EncodedMatrix,
  { bias, ...windows }: Windows & { readonly bias?: Tensor },
): Tensor {
  const patches = windowsOf(x, windows).permute([0, 2, 3, 1, 4, 5]);
  const [batch, height, width] = patches.shape as [number, number, number];
  const rows = patches.reshape([batch * height * width, matrix.shape[1]]);
  const product = rows.matmul(matrix.t());
  const sum = bias ? product.add(bias) : product;
  return sum.reshape([batch, height, width, matrix.shape[0]]).permute([0, 3, 1, 2]);
}
