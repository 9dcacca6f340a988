/** Numbers as WGSL literals. */
import { dtypes, type ComputeDType } from '../../../dtype/dtype.ts';
import { DTypeError } from '../../../errors.ts';
import type { WgslModule } from './wgsl-module.ts';

const bitsView = new DataView(new ArrayBuffer(4));

/** The bits of a number rounded to f32. */
function float32Bits(value: number): number {
  bitsView.setFloat32(0, value);
  return bitsView.getUint32(0);
}

/** The shortest decimal that reads back as the same f32, and lies within the range of f32, as WGSL wants it. */
function shortestDecimal(value: number): string {
  const digits = [6, 7, 8, 9]
    .map((precision) => value.toPrecision(precision))
    .find((text) => Math.fround(Number(text)) === value && Math.abs(Number(text)) <= dtypes.f32.max);
  const text = String(Number(digits ?? value));
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** An f32 expression of any value: NaN and the infinities are made at run time, where WGSL allows them. */
function float32Literal(module: WgslModule, value: number): string {
  const single = Math.fround(value);
  if (!Number.isFinite(single))
    return `${module.use('from_bits')}(0x${(Number.isNaN(single) ? 0x7fc00000 : float32Bits(single)).toString(16)}u)`;
  const denormal = single !== 0 && Math.abs(single) < 2 ** -126;
  if (denormal || Object.is(single, -0)) return `bitcast<f32>(0x${float32Bits(single).toString(16)}u)`;
  return shortestDecimal(single);
}

/**
 * A value of a compute dtype as a WGSL expression. `value` may be 'NaN', 'Infinity', '-Infinity' or '-0', as in kernel specs.
 * @throws {DTypeError} for f64, which WGSL has not.
 */
export function literal(module: WgslModule, dtype: ComputeDType, value: number | string): string {
  const number = Number(value);
  if (dtype === 'f32') return float32Literal(module, number);
  if (dtype === 'bool') return number === 0 ? 'false' : 'true';
  if (dtype === 'u32') return `${number >>> 0}u`;
  if (dtype === 'i32') return number === -2147483648 ? 'i32(-2147483648)' : `${number | 0}i`;
  throw new DTypeError('webgpu', 'WGSL has no f64: cast to f32, or run this on the cpu device');
}

/** An unsigned offset, negative numbers wrapped: index arithmetic is modulo 2^32. */
export function unsigned(value: number): string {
  return `${value >>> 0}u`;
}
