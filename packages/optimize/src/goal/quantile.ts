/** Quantiles of the distributions that intervals come from. */
import { ArgumentError } from '@espalier/tensor';
import { aNumber, check } from '@espalier/tensor/arguments';

const [a, b, c, d] = [
  [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239],
  [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1],
  [
    -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ],
  [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1],
] as const;

const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);

/**
 * The value that a standard normal variable stays below with a probability, to nine digits. Source: P. J. Acklam, "An
 * algorithm for computing the inverse normal cumulative distribution function", 2003.
 */
export function normalQuantile(probability: number): number {
  const low = 0.02425;
  if (probability > 1 - low) return -normalQuantile(1 - probability);
  if (probability < low) {
    const q = Math.sqrt(-2 * Math.log(probability));
    return polynomial(c, q) / polynomial(d, q);
  }
  const q = probability - 0.5;
  return (polynomial(a, q * q) * q) / polynomial(b, q * q);
}

/**
 * The same for Student's t: exact for 1 and 2 degrees of freedom, else to about four digits from 3 on. Source: G. W. Hill, "Algorithm 396: Student's
 * t-quantiles", Comm. ACM 13 (1970).
 * @throws {ArgumentError} for what is no probability, and for less than one degree of freedom.
 */
export function studentQuantile(probability: number, freedom: number): number {
  check('studentQuantile', 'probability', probability, aNumber);
  check('studentQuantile', 'freedom', freedom, aNumber);
  if (!(probability >= 0 && probability <= 1 && freedom >= 1))
    throw new ArgumentError(
      'studentQuantile',
      `there is none of ${probability} with ${freedom} degrees of freedom; give a probability from 0 to 1, and 1 or more`,
    );
  if (probability < 0.5) return -studentQuantile(1 - probability, freedom);
  const tail = 2 * (1 - probability);
  if (freedom <= 1) return 1 / Math.tan((tail * Math.PI) / 2);
  if (freedom === 2) return Math.sqrt(2 / (tail * (2 - tail)) - 2);
  const e = 1 / (freedom - 0.5);
  const f = 48 / (e * e);
  let g = ((20_700 * e) / f - 98) * e - 16;
  g = g * e + 96.36;
  const h = ((94.5 / (f + g) - 3) / f + 1) * Math.sqrt((e * Math.PI) / 2) * freedom;
  let y = (h * tail) ** (2 / freedom);
  let scale = g;
  if (y > 0.05 + e) {
    const x = normalQuantile(tail / 2);
    y = x * x;
    if (freedom < 5) scale += 0.3 * (freedom - 4.5) * (x + 0.6);
    scale += (((0.05 * h * x - 5) * x - 7) * x - 2) * x + f;
    y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / scale - y - 3) / f + 1) * x;
    y = Math.expm1(e * y * y);
  } else {
    y =
      ((1 / (((freedom + 6) / (freedom * y) - 0.089 * h - 0.822) * (freedom + 2) * 3) + 0.5 / (freedom + 4)) * y - 1) *
        ((freedom + 1) / (freedom + 2)) +
      1 / y;
  }
  return Math.sqrt(freedom * y);
}
