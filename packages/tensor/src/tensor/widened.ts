/** In which numbers elements are added up as floats, so that none of them is rounded before it counts. */
import type { Device } from '../device/device.ts';
import { isFloat, type DType } from '../dtype/dtype.ts';
import { wideFloat } from '../dtype/promote.ts';
import { normalizeAxes, sizeOf, type Axes } from '../shape/shape.ts';
import type { Tensor } from './tensor.ts';
import { inDType } from './wrap.ts';

/** Digits of 8 bits of this many numbers add up within 31 bits, carries included. */
const mostDigitTerms = 2 ** 22;

/** Whether elements are integers that f32 cannot hold. */
function isWideInteger(dtype: DType): boolean {
  return dtype === 'i32' || dtype === 'u32';
}

function has64Bits(device: Device): boolean {
  return device.capabilities.dtypes.has('f64');
}

/**
 * The elements in the dtype in which they are counted and added up: f32, but f64 for f64 and, on devices that have it, for
 * 32-bit integers.
 */
export function widened(values: Tensor): Tensor {
  const { dtype, device } = values;
  return inDType(values, isWideInteger(dtype) && has64Bits(device) ? 'f64' : wideFloat(dtype));
}

/**
 * Sum over axes, which keep size 1, as a float: of integers exact up to the rounding of the result. Devices without f64
 * add up more than 2^22 of them in f32, and round each of 32 bits to it then.
 */
export function floatSum(values: Tensor, axis: Axes | undefined): Tensor {
  const terms = sizeOf(normalizeAxes('sum', axis, values.rank).map((a) => values.shape[a] as number));
  if (isFloat(values.dtype) || has64Bits(values.device) || terms > mostDigitTerms)
    return widened(values).sum(axis, { keepDims: true });
  return isWideInteger(values.dtype) ? digitSum(values, axis) : values.sum(axis, { keepDims: true }).cast('f32');
}

/** Adds up each digit to the base of 256 in integers, and makes one float of the four sums. */
function digitSum(values: Tensor, axis: Axes | undefined): Tensor {
  const sum = (digits: Tensor): Tensor => digits.sum(axis, { keepDims: true });
  const digit = (number: Tensor): Tensor => number.bitwiseAnd(255);
  const low = sum(digit(values));
  const second = sum(digit(values.shiftRight(8))).add(low.shiftRight(8));
  const third = sum(digit(values.shiftRight(16))).add(second.shiftRight(8));
  // The highest digit has the sign.
  const high = sum(values.shiftRight(24)).add(third.shiftRight(8));
  const rest = digit(third).mul(65536).add(digit(second).mul(256)).add(digit(low));
  return high
    .cast('f32')
    .mul(2 ** 24)
    .add(rest.cast('f32'));
}
