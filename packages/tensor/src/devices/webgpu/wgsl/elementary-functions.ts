/**
 * exp, log, pow, tanh, erf and atan in f32. The builtins of WGSL may be off by thousands of units in the last place
 * or overflow on the way (tanh), so these are our own: argument reduction in the manner of Cody and Waite, "Software
 * Manual for the Elementary Functions" (1980), and minimax polynomials fitted for the intervals named at each.
 */
import type { WgslFunction } from './wgsl-function.ts';

/** A polynomial in `variable` by Horner's rule, lowest coefficient first. */
export function polynomial(variable: string, coefficients: readonly string[]): string {
  return coefficients.reduceRight(
    (sum, coefficient) => (sum === '' ? coefficient : `(${sum}) * ${variable} + ${coefficient}`),
    '',
  );
}

export const elementaryFunctions: Readonly<Record<string, WgslFunction>> = {
  // 2^n for -150 <= n <= 128 times x, in two steps so that neither factor overflows.
  scale_by_power: {
    needs: [],
    code: `fn scale_by_power(x: f32, n: i32) -> f32 {
  let half = n >> 1u;
  let rest = n - half;
  return x * bitcast<f32>((half + 127) << 23u) * bitcast<f32>((rest + 127) << 23u);
}`,
  },
  // exp(x + tail) for a tail too small to be added to x. Within 2 units in the last place.
  // Polynomial: (exp(r) - 1 - r) / r^2 on |r| <= ln(2) / 2.
  exponential_of_sum: {
    needs: ['scale_by_power', 'is_nan', 'from_bits'],
    code: `fn exponential_of_sum(x: f32, tail: f32) -> f32 {
  if (is_nan(x)) { return x; }
  if (x > 88.8) { return from_bits(0x7f800000u); }
  if (x < -104.0) { return 0.0; }
  let n = round(x * 1.44269504);
  // ln(2) in two parts, of which the first has few enough bits for n times it to be exact.
  let r = ((x - n * 0.693359375) + n * 0.000212194442) + tail;
  let p = ${polynomial('r', ['0.5', '0.16666518', '0.041666206', '0.008368908', '0.0013950523'])};
  return scale_by_power(1.0 + (r + r * r * p), i32(n));
}`,
  },
  exponential: {
    needs: ['exponential_of_sum'],
    code: `fn exponential(x: f32) -> f32 {
  return exponential_of_sum(x, 0.0);
}`,
  },
  // x = significand * 2^exponent with the significand in [sqrt(1/2), sqrt(2)), for positive finite x, denormals included.
  split_float: {
    needs: [],
    code: `struct SplitFloat { significand: f32, exponent: i32 }
fn split_float(x: f32) -> SplitFloat {
  var bits = bitcast<u32>(x);
  var bias = 127;
  if (bits < 0x800000u) {
    let lift = countLeadingZeros(bits) - 8u;
    bits = bits << lift;
    bias += i32(lift);
  }
  let above = u32((bits & 0x7fffffu) >= 0x3504f3u);
  let significand = bitcast<f32>((bits & 0x7fffffu) | ((127u - above) << 23u));
  return SplitFloat(significand, i32(bits >> 23u) - bias + i32(above));
}`,
  },
  // Within 2 units in the last place. Polynomial: (log(1 + f) - f + f^2 / 2) / f^3 on sqrt(1/2) <= 1 + f < sqrt(2).
  logarithm: {
    needs: ['split_float', 'log_cubic', 'from_bits', 'is_nan'],
    code: `fn logarithm(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) == 0u) { return from_bits(0xff800000u); }
  if (is_nan(x) || bits == 0x7f800000u) { return x; }
  if ((bits & 0x80000000u) != 0u) { return from_bits(0x7fc00000u); }
  let parts = split_float(x);
  let f = parts.significand - 1.0;
  let n = f32(parts.exponent);
  let square = f * f;
  let low = (square * f * log_cubic(f) - n * 0.000212194442) - 0.5 * square;
  return (f + low) + n * 0.693359375;
}`,
  },
  log_cubic: {
    needs: [],
    code: `fn log_cubic(f: f32) -> f32 {
  return ${polynomial('f', ['0.33333313', '-0.2500001', '0.20002119', '-0.16667996', '0.14219543', '-0.12405574', '0.11888212', '-0.11675769', '0.06746675'])};
}`,
  },
  // The float with the low 12 bits of the significand cleared: products of two such are exact.
  upper_half: {
    needs: [],
    code: `fn upper_half(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u);
}`,
  },
  // exp(b log a) with the logarithm and the product held as sums of two floats. Within 16 units in the last place.
  power_of_positive: {
    needs: ['split_float', 'log_cubic', 'upper_half', 'exponential_of_sum'],
    code: `fn power_of_positive(a: f32, b: f32) -> f32 {
  let parts = split_float(a);
  let f = parts.significand - 1.0;
  let n = f32(parts.exponent);
  // log(a) = n ln2 + f - f^2 / 2 + f^3 p(f); f^2 / 2 is split so that its leading part is exact.
  let f_high = upper_half(f);
  let square_high = 0.5 * f_high * f_high;
  let square_low = 0.5 * (f - f_high) * (f + f_high);
  let whole = n * 0.693359375;
  let first = whole + f;
  let first_error = select((f - first) + whole, (whole - first) + f, abs(whole) >= abs(f));
  let second = first - square_high;
  let second_error = select(first - (square_high + second), (first - second) - square_high, abs(first) >= abs(square_high));
  let low = ((f * f * f * log_cubic(f) - square_low) - n * 0.000212194442) + first_error + second_error;
  let log_high = upper_half(second + low);
  let log_low = (second - log_high) + low;
  let b_high = upper_half(b);
  let high = b_high * log_high;
  let tail = b * log_low + (b - b_high) * log_high;
  let total = high + tail;
  if (!(abs(total) < 200.0)) { return exponential_of_sum(clamp(total, -200.0, 200.0), 0.0); }
  return exponential_of_sum(total, (high - total) + tail);
}`,
  },
  // The special cases are those of IEEE 754 pow.
  power: {
    needs: ['power_of_positive', 'is_nan', 'from_bits'],
    code: `fn power(a: f32, b: f32) -> f32 {
  if (a == 1.0 || (bitcast<u32>(b) & 0x7fffffffu) == 0u) { return 1.0; }
  if (is_nan(a)) { return a; }
  if (is_nan(b)) { return b; }
  let size = abs(a);
  let size_bits = bitcast<u32>(size);
  let b_size_bits = bitcast<u32>(b) & 0x7fffffffu;
  let b_negative = (bitcast<u32>(b) >> 31u) != 0u;
  let infinite = from_bits(0x7f800000u);
  if (b_size_bits == 0x7f800000u) {
    if (size_bits == 0x3f800000u) { return 1.0; }
    return select(0.0, infinite, (size_bits > 0x3f800000u) != b_negative);
  }
  // From 2^24 on every float is an even integer.
  let whole = b_size_bits >= 0x4b800000u || trunc(b) == b;
  let odd = whole && b_size_bits < 0x4b800000u && (u32(abs(b)) & 1u) == 1u;
  let sign = select(0u, bitcast<u32>(a) & 0x80000000u, odd);
  if (size_bits == 0u || size_bits == 0x7f800000u) {
    let magnitude = select(0u, 0x7f800000u, (size_bits == 0u) == b_negative);
    return from_bits(magnitude | sign);
  }
  if ((bitcast<u32>(a) >> 31u) != 0u && !whole) { return from_bits(0x7fc00000u); }
  return from_bits(bitcast<u32>(power_of_positive(size, b)) | sign);
}`,
  },
  // Within 4 units in the last place. Polynomial: (tanh(x) - x) / x^3 in x^2 on |x| < 0.625.
  hyperbolic_tangent: {
    needs: ['exponential', 'is_nan'],
    code: `fn hyperbolic_tangent(x: f32) -> f32 {
  let size = abs(x);
  if (is_nan(x) || size < 0x1p-12f) { return x; }
  let square = x * x;
  if (size < 0.625) {
    let p = ${polynomial('square', ['-0.33333284', '0.1333147', '-0.053741623', '0.020644136', '-0.0057094977'])};
    return x + x * square * p;
  }
  if (size > 9.1) { return select(-1.0, 1.0, x > 0.0); }
  let y = 1.0 - 2.0 / (exponential(2.0 * size) + 1.0);
  return select(-y, y, x > 0.0);
}`,
  },
  // Within 4 units in the last place. Polynomials: erf(x) / x in x^2 on |x| <= 1, and -log(1 - erf(x)) on [1, 4].
  error_function: {
    needs: ['exponential', 'is_nan'],
    code: `fn error_function(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  let size = abs(x);
  let square = x * x;
  if (size <= 1.0) {
    let p = ${polynomial('square', ['1.1283791', '-0.37612626', '0.112836', '-0.026854446', '0.005189537', '-0.0008020853', '0.00007889158'])};
    return x * p;
  }
  let t = min(size, 4.0);
  let p = ${polynomial('t', ['-0.00018803755', '1.1295785', '0.6332199', '0.108418554', '-0.025208244', '0.0042045573', '-0.00044133546', '0.000021686776'])};
  let y = 1.0 - exponential(-p);
  return select(-y, y, x > 0.0);
}`,
  },
  // Within 4 units in the last place. Polynomial: (atan(x) - x) / x^3 in x^2 on |x| <= 1.
  arc_tangent: {
    needs: ['is_nan'],
    code: `fn arc_tangent(x: f32) -> f32 {
  if (is_nan(x) || abs(x) < 0x1p-12f) { return x; }
  let inverted = abs(x) > 1.0;
  // 1 / infinity is written out because the quotient may not be.
  let infinite = (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u;
  let t = select(x, select(1.0 / x, 0.0, infinite), inverted);
  let square = t * t;
  let p = ${polynomial('square', ['-0.33333302', '0.19998638', '-0.14265245', '0.10957573', '-0.08419448', '0.058234327', '-0.031455446', '0.011064291', '-0.001827177'])};
  let y = t + t * square * p;
  let quarter = select(-1.57079633, 1.57079633, x > 0.0);
  return select(y, quarter - y, inverted);
}`,
  },
};
