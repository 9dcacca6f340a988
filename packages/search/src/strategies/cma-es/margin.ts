/** Keeps CMA-ES from freezing on whole numbers. */
import { at } from '../../numeric/matrix.ts';
import { normalCdf, normalQuantile } from '../../numeric/normal.ts';
import type { Evolution } from './evolution.ts';

/** By dimension, the positions of the walls between the cells of a number's grid; none for a continuous one. */
export type Walls = readonly (Float64Array | undefined)[];

/** The mean and the stretch of one dimension such that no neighbouring cell is out of reach. */
function reach(walls: Float64Array, mean: number, deviation: number, least: number): readonly [number, number] {
  const above = walls.findIndex((wall) => wall >= mean);
  const [low, high] = [walls[above < 0 ? walls.length - 1 : above - 1], above < 0 ? undefined : walls[above]];
  if (low === undefined || high === undefined) {
    const close = low ?? high ?? mean;
    const farthest = deviation * -normalQuantile(least);
    return [Math.abs(mean - close) <= farthest ? mean : close + Math.sign(mean - close) * farthest, 1];
  }
  const [below, beyond] = [normalCdf((low - mean) / deviation), normalCdf((mean - high) / deviation)];
  const parts = [Math.max(least / 2, below), Math.max(least / 2, beyond)];
  const middle = 1 - below - beyond;
  if (parts[0] === below && parts[1] === beyond) return [mean, 1];
  // What the outer parts gain, they and the middle lose in proportion to what they can spare.
  const excess = 1 - (parts[0] ?? 0) - (parts[1] ?? 0) - middle;
  const spare = (parts[0] ?? 0) + (parts[1] ?? 0) + middle - (3 * least) / 2;
  const [left = 0, right = 0] = parts.map((part) => part + (excess * (part - least / 2)) / spare);
  const [toLow, toHigh] = [-normalQuantile(left), -normalQuantile(right)];
  const stretched = (high - low) / (toLow + toHigh);
  return [(low * toHigh + high * toLow) / (toLow + toHigh), stretched / deviation];
}

/**
 * Moves mean and stretch of the dimensions on a grid so that each cell next to the mean's keeps a small probability;
 * without that, whole numbers freeze at the first value that was good.
 *
 * Source: Hamano, Saito, Nomura, Shirakawa, "CMA-ES with margin", GECCO 2022; the margin is 1 / (dimensions · samples).
 */
export function withMargin(state: Evolution, walls: Walls): Evolution {
  const { settings, sigma, covariance } = state;
  const { size, samples } = settings;
  const mean = state.mean.slice();
  const margin = state.margin.slice();
  for (const [index, own] of walls.entries()) {
    if (own === undefined || own.length === 0) continue;
    const deviation = sigma * at(margin, index) * Math.sqrt(at(covariance, index * size + index));
    const [moved, stretch] = reach(own, at(mean, index), deviation, 1 / (size * samples));
    mean[index] = moved;
    margin[index] = at(margin, index) * stretch;
  }
  return { ...state, mean, margin };
}
