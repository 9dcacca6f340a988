/** Convolution with a weight that is stored in a format: a product over the windows of the image. */
import type { EncodedMatrix, Tensor } from '@espalier/tensor';
import { pairOf, type Windows } from './windows.ts';

/**
 * x [batch, in, height, width] convolved with a weight whose matrix is [out, in · kernel height · kernel width]:
 * [batch, out, out height, out width]. The windows are laid out in memory, kernel height × width times the image.
 */
export function convolveStored(
  x: Tensor,
  matrix: EncodedMatrix,
  { kernel, stride, padding, dilation, bias }: Windows & { readonly bias?: Tensor },
): Tensor {
  const [size, steps, gaps] = [pairOf(kernel), pairOf(stride), pairOf(dilation)];
  const border = (axis: 0 | 1): [number, number] => {
    if (padding === 'valid') return [0, 0];
    if (padding !== 'same') return [pairOf(padding)[axis], pairOf(padding)[axis]];
    // An odd element is at the end.
    const reach = gaps[axis] * (size[axis] - 1);
    return [Math.floor(reach / 2), Math.ceil(reach / 2)];
  };
  const windows = x
    .pad([[0, 0], [0, 0], border(0), border(1)])
    .windows(size, { stride: steps, dilation: gaps })
    .permute([0, 2, 3, 1, 4, 5]);
  const [batch, height, width] = windows.shape as [number, number, number];
  const rows = windows.reshape([batch * height * width, matrix.shape[1]]);
  const product = rows.matmul(matrix.t());
  const sum = bias ? product.add(bias) : product;
  return sum.reshape([batch, height, width, matrix.shape[0]]).permute([0, 3, 1, 2]);
}
