/**
 * sin and cos in f32, absolute error below 2^-22 over the whole range. The builtins of WGSL are bounded (by 2^-11) on [-pi, pi] only.
 *
 * Arguments below 4096 are reduced by multiples of pi/2 in three parts (Cody and Waite); larger ones by multiplying the
 * significand with the bits of 2/pi that matter (Payne and Hanek, "Radian Reduction for Trigonometric Functions", 1983).
 */
import { polynomial } from './elementary-functions.ts';
import type { WgslFunction } from './wgsl-function.ts';

export const trigonometricFunctions: Readonly<Record<string, WgslFunction>> = {
  reduce_angle: {
    needs: ['multiply_high'],
    code: `struct ReducedAngle { rest: f32, quadrant: u32 }
const two_over_pi = array<u32, 8>(
  0x00000000u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu
);
fn reduce_angle(x: f32) -> ReducedAngle {
  if (abs(x) < 4096.0) {
    let n = round(x * 0.636619772);
    let rest = ((x - n * 1.5703125) - n * 0.00048375129699707031) - n * 7.54978995489188e-8;
    return ReducedAngle(rest, bitcast<u32>(i32(n)) & 3u);
  }
  // x = significand * 2^(exponent - 24), significand in [2^23, 2^24). Word k of the table weighs 2^(-32 k).
  let bits = bitcast<u32>(x);
  let significand = (bits & 0x7fffffu) | 0x800000u;
  let exponent = ((bits >> 23u) & 0xffu) - 126u;
  // Bits of 2/pi above 2^(24 - exponent + 2) only add whole turns: start the window of 96 bits just there.
  let start = exponent + 6u;
  let word = start >> 5u;
  let shift = start & 31u;
  var window: array<u32, 3>;
  for (var k = 0u; k < 3u; k++) {
    let upper = two_over_pi[min(word + k, 7u)] << shift;
    let lower = select(two_over_pi[min(word + k + 1u, 7u)] >> (32u - max(shift, 1u)), 0u, shift == 0u);
    window[k] = upper | lower;
  }
  // The low 64 bits above the last word of significand * window, as a count of quarter turns: 2 whole bits, then the fraction.
  let low_carry = multiply_high(significand, window[2]);
  let middle = significand * window[1];
  let low = middle + low_carry;
  let high = significand * window[0] + multiply_high(significand, window[1]) + u32(low < middle);
  var turns_high = high;
  var turns_low = low;
  var quadrant = turns_high >> 30u;
  turns_high = turns_high & 0x3fffffffu;
  // Past the middle of the quadrant, count back from the next one.
  let negative = turns_high >= 0x20000000u;
  if (negative) {
    quadrant += 1u;
    turns_high = 0x40000000u - turns_high - u32(turns_low != 0u);
    turns_low = 0u - turns_low;
  }
  // Normalise before rounding, so that angles near a multiple of pi/2 keep their digits.
  let lift = min(countLeadingZeros(turns_high), 31u);
  let leading = select((turns_high << lift) | (turns_low >> (32u - max(lift, 1u))), turns_high, lift == 0u);
  var rest = f32(leading) * bitcast<f32>((127u - 30u - lift) << 23u) * 1.57079633;
  if (negative) { rest = -rest; }
  if ((bits >> 31u) != 0u) { return ReducedAngle(-rest, (0u - quadrant) & 3u); }
  return ReducedAngle(rest, quadrant & 3u);
}`,
  },
  // Polynomials on |r| <= pi/4: (sin(r) - r) / r^3 and (cos(r) - 1 + r^2 / 2) / r^4, in r^2.
  sine_of_quadrant: {
    needs: [],
    code: `fn sine_of_quadrant(r: f32, quadrant: u32) -> f32 {
  let square = r * r;
  let sine = r + r * square * (${polynomial('square', ['-0.16666655', '0.008332174', '-0.00019516806'])});
  let cosine = (1.0 - 0.5 * square) + square * square * (${polynomial('square', ['0.041666646', '-0.0013887363', '0.000024437899'])});
  let value = select(sine, cosine, (quadrant & 1u) == 1u);
  return select(value, -value, (quadrant & 2u) == 2u);
}`,
  },
  sine: {
    needs: ['reduce_angle', 'sine_of_quadrant', 'from_bits'],
    code: `fn sine(x: f32) -> f32 {
  if (abs(x) < 0x1p-12f) { return x; }
  if ((bitcast<u32>(x) & 0x7fffffffu) >= 0x7f800000u) { return from_bits(0x7fc00000u); }
  let angle = reduce_angle(x);
  return sine_of_quadrant(angle.rest, angle.quadrant);
}`,
  },
  cosine: {
    needs: ['reduce_angle', 'sine_of_quadrant', 'from_bits'],
    code: `fn cosine(x: f32) -> f32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) >= 0x7f800000u) { return from_bits(0x7fc00000u); }
  let angle = reduce_angle(x);
  return sine_of_quadrant(angle.rest, angle.quadrant + 1u);
}`,
  },
};
