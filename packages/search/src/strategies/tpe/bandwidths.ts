/** How wide the kernels of TPE are, which decides how far from the good configs it looks. */
import { at } from '../../numeric/matrix.ts';

/**
 * How wide the kernels of a dimension are, as parts of its range: one for each observation, and 1 for the prior, which
 * comes last.
 */
export type Bandwidths = (positions: Float64Array, dimensions: number) => Float64Array;

/**
 * Of one parameter alone: the distance to the farther of an observation's neighbours, of which the prior's middle is
 * one. No kernel is narrower than a hundredth of the range, or than four fifths of the range over their number.
 */
export const apart: Bandwidths = (positions) => {
  const { length } = positions;
  const all = Float64Array.from([...positions, 0.5]);
  const order = Array.from(all, (_, index) => index).toSorted((a, b) => at(all, a) - at(all, b));
  const narrowest = 1 / Math.min(100, 2 + 1.25 * length);
  const widths = new Float64Array(length + 1).fill(1);
  for (const [place, index] of order.entries()) {
    if (index === length) continue;
    const [below = index, above = index] = [order[place - 1], order[place + 1]];
    const farther = Math.max(at(all, index) - at(all, below), at(all, above) - at(all, index));
    widths[index] = Math.min(1, Math.max(narrowest, farther));
  }
  return widths;
};

/**
 * Of several together: one width for all kernels of a dimension, by Scott's rule from the spread of the observations,
 * to which one of the prior is added, lest a few that agree by chance seem to know better. A little narrower than the
 * rule has it, which is for bells, and at least a hundredth of the range.
 */
export const together: Bandwidths = (positions, dimensions) => {
  if (dimensions === 1) return apart(positions, dimensions);
  const { length } = positions;
  const mean = positions.reduce((sum, value) => sum + value, 0) / Math.max(1, length);
  const variance = (positions.reduce((sum, value) => sum + (value - mean) ** 2, 0) + 1 / 12) / (length + 1);
  const width = Math.max(0.01, 0.7 * Math.sqrt(variance) * Math.max(1, length) ** (-1 / (dimensions + 4)));
  return new Float64Array(length + 1).fill(width).fill(1, length);
};
