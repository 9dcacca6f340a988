/** Integers where floats are meant. */
import { check } from '../arguments/rules.ts';
import { aTensor } from '../arguments/types.ts';
import { toFloat } from '../dtype/promote.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { inDType } from '../tensor/wrap.ts';

/** The same numbers as floats: f32 of integers and bool, whose differences would wrap; a float tensor is given back itself. */
export function asFloat(x: Tensor): Tensor {
  return inDType(check('asFloat', 'x', x, aTensor), toFloat(x.dtype));
}
