/** Casts that make no second handle. */
import type { DType, Tensor } from '@espalier/tensor';

/** A tensor in another dtype; itself if it has that dtype, so that its memory has no second owner. */
export function inDType(tensor: Tensor, dtype: DType): Tensor {
  return tensor.dtype === dtype ? tensor : tensor.cast(dtype);
}
