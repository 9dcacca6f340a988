/**
 * erf in double precision.
 *
 * Source: for |x| < 3 the Maclaurin series of erf times exp(x^2) (Abramowitz & Stegun 7.1.6), all of whose terms
 * are positive, so nothing cancels; beyond, the continued fraction of erfc (A&S 7.1.14), evaluated backwards.
 */
const twoOverSqrtPi = 2 / Math.sqrt(Math.PI);

/** The error function of `x`, to about 1e-15 relative. */
export function errorFunction(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  const magnitude = Math.abs(x);
  if (magnitude >= 6) return Math.sign(x);
  return Math.sign(x) * (magnitude < 3 ? seriesForSmall(magnitude) : 1 - complementForLarge(magnitude)) || x;
}

function seriesForSmall(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return twoOverSqrtPi * Math.exp(-x * x) * sum;
}

function complementForLarge(x: number): number {
  let fraction = 0;
  for (let n = 60; n >= 1; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + fraction));
}
