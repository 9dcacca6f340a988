/**
 * Standard normal numbers from random bits, in integer arithmetic up to one last multiplication, so that they are equal
 * bit for bit on every device: no device rounds 32-bit integers, while logarithms, roots and contracted
 * multiply-adds differ in their last bits.
 *
 * Box-Muller: z = sqrt(-2 ln u) · sin(2π v), with u and v from 32 bits each. The three functions are Chebyshev fits in
 * fixed point (Q30 coefficients, error below 1e-8).
 */
import * as s from '../scalar/expression.ts';
import type { Expression } from '../scalar/expression.ts';

/** log2(1 + t) / t on [0, 1); signs alternate. */
const logCoefficients = [
  1549082004, 774540719, 516348831, 387075205, 308136228, 249535918, 192475033, 127853998, 64376165, 20827146, 3156550,
] as const;
/** sin(π/2 · x) / x in x² on [0, 1]; signs alternate. */
const sineCoefficients = [1686629713, 693598666, 85569282, 5026892, 172072, 3685] as const;
/** sqrt((1 + t) / 2) on [0, 1): c0 + t · (c1 - t · (c2 - …)). */
const rootCoefficients = [
  379624972, 94903142, 47410699, 29359508, 19514680, 12238201, 6192469, 2083720, 333450,
] as const;
const rootConstant = 759250125;

/** c0 - t · (c1 - t · (c2 - …)) with t as a fraction of 2^32. */
function alternating(coefficients: readonly number[], t: Expression): Expression {
  return coefficients
    .slice(0, -1)
    .reduceRight(
      (tail, coefficient) => s.sub(coefficient, s.mulhi(t, tail)),
      s.constant(coefficients.at(-1) as number, 'u32'),
    );
}

/** Shifts the leading one to bit 31; also how far. `a` is not 0. */
function normalize(a: Expression): { readonly mantissa: Expression; readonly shift: Expression } {
  let mantissa = a;
  let shift: Expression = s.constant(0, 'u32');
  for (const width of [16, 8, 4, 2, 1]) {
    const small = s.lt(mantissa, 2 ** (32 - width));
    mantissa = s.select(small, s.shl(mantissa, width), mantissa);
    shift = s.select(small, s.add(shift, width), shift);
  }
  return { mantissa, shift };
}

/** A standard normal f32 from two u32 of random bits. */
export function normalFromBits(first: Expression, second: Expression): Expression {
  // -log2(u) = shift + 1 - log2(mantissa / 2^31), as Q26; a draw of 0 counts as 1.
  const { mantissa, shift } = normalize(s.max(first, 1));
  const fraction = s.shl(mantissa, 1);
  const log2 = s.mulhi(fraction, alternating(logCoefficients, fraction));
  const negativeLog2 = s.sub(s.shl(s.add(shift, 1), 26), s.shr(log2, 4));
  // E = -2 ln u as Q25.
  const energy = s.max(s.mulhi(negativeLog2, Math.round(2 * Math.LN2 * 2 ** 31)), 1);
  // sqrt(E): with E = 2^(32-shift) · m, m in [1/2, 1), an odd exponent costs a factor sqrt(1/2).
  const scaled = normalize(energy);
  const part = s.shl(scaled.mantissa, 1);
  const rootOfMantissa = s.add(rootConstant, s.mulhi(part, alternating(rootCoefficients, part)));
  // sqrt(E · 2^-25) = sqrt(m) · 2^((7 - shift) / 2); even 7 - shift keep the exponent whole.
  const odd = s.eq(s.and(scaled.shift, 1), 0);
  const root = s.select(odd, s.mulhi(rootOfMantissa, Math.round(Math.SQRT1_2 * 2 ** 32)), rootOfMantissa);
  // Now root (Q30) · 2^((8 - shift) / 2 or (7 - shift) / 2); kept to 24 bits so that it is exact in f32.
  const halvings = s.shr(s.add(scaled.shift, 1), 1);
  const radius = s.shr(s.shr(root, 5), halvings);
  // sin(2π v): the top bit is the sign, the next one reflects the quarter wave.
  const quarter = s.shl(second, 2);
  const reflected = s.select(s.ne(s.and(second, 2 ** 30), 0), s.xor(quarter, 4294967295), quarter);
  const sine = s.shr(s.mulhi(reflected, alternating(sineCoefficients, s.mulhi(reflected, reflected))), 7);
  // Q25 · 2^-4 for the radius, Q23 for the sine: their product is rounded once.
  const magnitude = s.mul(s.mul(s.cast(radius, 'f32'), s.cast(sine, 'f32')), 2 ** (4 - 25 - 23));
  return s.select(s.lt(second, 2 ** 31), magnitude, s.neg(magnitude));
}
