/** Random numbers for small choices on the host: a function of seed and number of the draw, the same everywhere. */
import { deriveSeed } from '@espalier/nn';

/**
 * Numbers from 0 up to 1, one after another. Source: C. Doty-Humphrey, sfc32 of PractRand, seeded by a hash of seed and number.
 */
export function uniforms(seed: number, purpose: string, draw: number): () => number {
  const state = Uint32Array.from([0, 1, 2, 3], (word) => deriveSeed(seed, `${purpose}/${draw}/${word}`) % 2 ** 32);
  let [a, b, c, counter] = state as unknown as [number, number, number, number];
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let warm = 0; warm < 8; warm++) next();
  return next;
}

/** Two normal numbers at once would be one too many: one. Source: G. Box and M. Muller, Ann. Math. Statist. 29 (1958). */
function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

/** A gamma number of a shape. Source: G. Marsaglia and W. Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000). */
function gamma(next: () => number, shape: number): number {
  if (shape < 1) return gamma(next, shape + 1) * (1 - next()) ** (1 / shape);
  const d = shape - 1 / 3;
  for (;;) {
    const z = normal(next);
    const v = (1 + z / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - next()) < z ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** A number of Beta(alpha, alpha). */
export function beta(next: () => number, alpha: number): number {
  const [a, b] = [gamma(next, alpha), gamma(next, alpha)];
  // Of shapes near 0 both may be too small for a double.
  return a + b > 0 ? a / (a + b) : next() < 0.5 ? 0 : 1;
}
