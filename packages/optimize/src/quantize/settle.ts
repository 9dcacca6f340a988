/** Making the rounding of a parameter final. */
import type { Parameter } from '@espalier/nn';
import { fromTyped } from '@espalier/tensor';

/** Puts a quantized parameter's raw values onto the numbers it is rounded to, so that rounding them again is certain to change nothing. */
export async function settle(parameter: Parameter): Promise<void> {
  const { shape, device } = parameter.tensor;
  const values = (await parameter.value.data()) as Float32Array;
  parameter.tensor.assign(fromTyped(values, shape, { device }).realizeSync());
}
