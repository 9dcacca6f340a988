/**
 * Polynomial mutation of a position in [0, 1]: most moves are short, and none leaves the interval. A larger `eta`
 * makes shorter moves; `draw` is uniform in [0, 1).
 *
 * Source: Deb and Goyal, "A combined genetic adaptive search for engineering design", 1996; the bounded form is that
 * of Deb's NSGA-II.
 */
export function polynomialMove(position: number, eta: number, draw: number): number {
  const power = 1 / (eta + 1);
  if (draw < 0.5) {
    return position + (2 * draw + (1 - 2 * draw) * (1 - position) ** (eta + 1)) ** power - 1;
  }
  return position + 1 - (2 * (1 - draw) + 2 * (draw - 0.5) * position ** (eta + 1)) ** power;
}

function inside(position: number): number {
  return Math.min(1, Math.max(0, position));
}

/**
 * Simulated binary crossover of two positions in [0, 1]: two children at equal distances from the parents' mean, mostly
 * near the parents, never outside the interval. A larger `eta` makes nearer children; `draw` is uniform in [0, 1). The
 * first child lies on the first parent's side.
 *
 * Source: Deb and Agrawal, "Simulated binary crossover for continuous search space", 1995; bounded by the nearer end of
 * the range as in Deb, "An efficient constraint handling method for genetic algorithms", CMAME 2000, section 3.
 */
export function simulatedBinary(first: number, second: number, eta: number, draw: number): readonly [number, number] {
  const gap = Math.abs(first - second);
  // Nearer parents than this breed themselves; the spread would overflow.
  if (gap < 1e-14) return [first, second];
  const room = Math.min(first, second, 1 - first, 1 - second);
  const alpha = 2 - (1 + (2 * room) / gap) ** -(eta + 1);
  const spread = (draw * alpha <= 1 ? draw * alpha : 1 / (2 - draw * alpha)) ** (1 / (eta + 1));
  const mean = (first + second) / 2;
  const reach = (spread * (first - second)) / 2;
  return [inside(mean + reach), inside(mean - reach)];
}
