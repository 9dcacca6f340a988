/**
 * The library of WGSL functions that generated kernels draw on. Each entry is one function and the names of the
 * functions it calls; a module contains only what it uses.
 *
 * WGSL lets a compiler assume that NaN and infinity do not occur, so whatever depends on them looks at bits. Bounds
 * are stated for finite, normal arguments; devices may flush denormal numbers to zero.
 */
import { elementaryFunctions } from './elementary-functions.ts';
import { formatFunctions } from './format-functions.ts';
import { trigonometricFunctions } from './trigonometric-functions.ts';
import type { WgslFunction } from './wgsl-function.ts';

/** Tests of bit patterns and the exact arithmetic that WGSL leaves open. */
const exactFunctions: Readonly<Record<string, WgslFunction>> = {
  is_nan: {
    needs: [],
    code: `fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}`,
  },
  // A constant expression may not be infinite or NaN; a variable may.
  from_bits: {
    needs: [],
    code: `fn from_bits(constant: u32) -> f32 {
  var bits = constant;
  return bitcast<f32>(bits);
}`,
  },
  less: {
    needs: ['is_nan'],
    code: `fn less(a: f32, b: f32) -> bool {
  return a < b && !is_nan(a) && !is_nan(b);
}`,
  },
  less_or_equal: {
    needs: ['is_nan'],
    code: `fn less_or_equal(a: f32, b: f32) -> bool {
  return a <= b && !is_nan(a) && !is_nan(b);
}`,
  },
  equal: {
    needs: ['is_nan'],
    code: `fn equal(a: f32, b: f32) -> bool {
  return a == b && !is_nan(a) && !is_nan(b);
}`,
  },
  // Flips the magnitude bits of negative numbers, after which integers order as the floats do, -0 below +0.
  order_of: {
    needs: [],
    code: `fn order_of(x: f32) -> i32 {
  let bits = bitcast<i32>(x);
  return bits ^ ((bits >> 31u) & 0x7fffffff);
}`,
  },
  minimum: {
    needs: ['is_nan', 'order_of'],
    code: `fn minimum(a: f32, b: f32) -> f32 {
  let smaller = select(b, a, order_of(a) < order_of(b));
  return select(select(smaller, b, is_nan(b)), a, is_nan(a));
}`,
  },
  maximum: {
    needs: ['is_nan', 'order_of'],
    code: `fn maximum(a: f32, b: f32) -> f32 {
  let larger = select(a, b, order_of(a) < order_of(b));
  return select(select(larger, b, is_nan(b)), a, is_nan(a));
}`,
  },
  divide_i32: {
    needs: [],
    code: `fn divide_i32(a: i32, b: i32) -> i32 {
  if (b == 0) { return 0; }
  if (b == -1) { return 0 - a; }
  return a / b;
}`,
  },
  divide_u32: {
    needs: [],
    code: `fn divide_u32(a: u32, b: u32) -> u32 {
  return select(a / max(b, 1u), 0u, b == 0u);
}`,
  },
  remainder_i32: {
    needs: [],
    code: `fn remainder_i32(a: i32, b: i32) -> i32 {
  if (b == 0 || b == -1) { return 0; }
  return a - (a / b) * b;
}`,
  },
  remainder_u32: {
    needs: [],
    code: `fn remainder_u32(a: u32, b: u32) -> u32 {
  return select(a % max(b, 1u), 0u, b == 0u);
}`,
  },
  // Exact: long division of the significands, eight bits at a time.
  remainder_f32: {
    needs: ['from_bits'],
    code: `fn remainder_f32(a: f32, b: f32) -> f32 {
  let sign = bitcast<u32>(a) & 0x80000000u;
  let dividend = bitcast<u32>(a) & 0x7fffffffu;
  let divisor = bitcast<u32>(b) & 0x7fffffffu;
  if (dividend >= 0x7f800000u || divisor > 0x7f800000u || divisor == 0u) { return from_bits(0x7fc00000u); }
  if (dividend < divisor) { return a; }
  let least = max(divisor >> 23u, 1u);
  var steps = max(dividend >> 23u, 1u) - least;
  var rest = select(dividend, (dividend & 0x7fffffu) | 0x800000u, dividend >= 0x800000u);
  let unit = select(divisor, (divisor & 0x7fffffu) | 0x800000u, divisor >= 0x800000u);
  rest = rest % unit;
  while (steps > 0u) {
    let shift = min(steps, 8u);
    rest = (rest << shift) % unit;
    steps -= shift;
  }
  if (rest == 0u) { return bitcast<f32>(sign); }
  // Back to a float: move the leading bit to bit 23, or as far as the smallest exponent allows.
  let lift = min(countLeadingZeros(rest) - 8u, least - 1u);
  let significand = rest << lift;
  let exponent = select(least - lift, 0u, significand < 0x800000u);
  return bitcast<f32>(sign | (exponent << 23u) | (significand & 0x7fffffu));
}`,
  },
  to_i32: {
    needs: ['is_nan'],
    code: `fn to_i32(x: f32) -> i32 {
  if (is_nan(x)) { return 0; }
  if (x >= 2147483648.0) { return 2147483647; }
  if (x <= -2147483648.0) { return i32(-2147483648); }
  return i32(x);
}`,
  },
  to_u32: {
    needs: ['is_nan'],
    code: `fn to_u32(x: f32) -> u32 {
  if (is_nan(x) || x <= 0.0) { return 0u; }
  if (x >= 4294967296.0) { return 4294967295u; }
  return u32(x);
}`,
  },
  // The high word of a 64-bit product, from four products of 16-bit halves.
  multiply_high: {
    needs: [],
    code: `fn multiply_high(a: u32, b: u32) -> u32 {
  let a_low = a & 0xffffu;
  let a_high = a >> 16u;
  let b_low = b & 0xffffu;
  let b_high = b >> 16u;
  let middle = a_high * b_low + ((a_low * b_low) >> 16u);
  let cross = a_low * b_high + (middle & 0xffffu);
  return a_high * b_high + (middle >> 16u) + (cross >> 16u);
}`,
  },
};

/** Every library function by name. */
export const wgslFunctions: Readonly<Record<string, WgslFunction>> = {
  ...exactFunctions,
  ...elementaryFunctions,
  ...trigonometricFunctions,
  ...formatFunctions,
};
