/** How likely numbers of hits are, exactly. */

/** The numbers of C. Lanczos' approximation with g = 7, which is good to 15 digits. */
const lanczos = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
] as const;

/** ln Γ(x) for x > 0. Source: C. Lanczos, "A precision approximation of the gamma function", SIAM J. Numer. Anal. 1 (1964). */
function logGamma(x: number): number {
  const [t, series] = [x + 6.5, lanczos.reduce((sum, each, index) => sum + each / (x + index), 0.9999999999998099)];
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(series);
}

/** The continued fraction of the incomplete beta function, by J. Lentz' method; it converges fast below (a + 1) / (a + b + 2). */
function fraction(x: number, a: number, b: number): number {
  const least = 1e-300;
  const away = (value: number): number => (Math.abs(value) < least ? least : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= 10_000; m++) {
    const steps = [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ];
    let change = 1;
    for (const step of steps) {
      d = 1 / away(1 + step * d);
      c = away(1 + step / c);
      change = c * d;
      result *= change;
    }
    if (Math.abs(change - 1) < 1e-15) break;
  }
  return result;
}

/** The regularized incomplete beta function I_x(a, b). Source: W. Press and others, "Numerical Recipes", 3rd ed., §6.4. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const log = logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x);
  return (Math.exp(log) * fraction(x, a, b)) / a;
}

/** The probability of at least so many hits among `total`, each of which is one with a probability. */
export function atLeastHits(hits: number, total: number, probability: number): number {
  return hits <= 0 ? 1 : incompleteBeta(probability, hits, total - hits + 1);
}
