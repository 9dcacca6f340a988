/**
 * Grids by half-quadratic splitting: numbers of which few weights are far off, and those that are may be. Source: H. Badri,
 * A. Shaji, "Half-quadratic quantization of large machine learning models", 2023; here in steps of the grid, so that the size of
 * weights does not matter, with whole zero points, and with the scale fitted as well.
 */
import { dtypes } from '@espalier/tensor';
import { roundHalfToEven } from '../quantize/rounding.ts';
import { gridOf, onGrid, stepOf, type Grid, type GridOptions } from '../second-order/grid.ts';

/** The norm of errors, the weight of their squares at first, and what it grows by. */
const [power, firstWeight, growth, rounds] = [0.7, 10, 1.01, 20];

/** Σ |w - ŵ|^0.7. */
export function sparseError(grid: Grid, weights: ArrayLike<number>): number {
  let error = 0;
  for (let index = 0; index < weights.length; index++)
    error += Math.abs((weights[index] as number) - onGrid(grid, weights[index] as number)) ** power;
  return error;
}

/** What is left of an error, in steps, that it pays to leave out of the fit: sign(x) · max(0, |x| - |x|^(p - 1) / β). */
function shrunk(error: number, weight: number): number {
  const size = Math.abs(error);
  return size === 0 ? 0 : Math.sign(error) * Math.max(0, size - size ** (power - 1) / weight);
}

/** A grid for some weights, of which Σ |w - ŵ|^0.7 is at most that of the grid that reaches over them. */
export function halfQuadraticGrid(
  weights: ArrayLike<number>,
  { bits, zeros, scales = 'f32' }: Omit<GridOptions, 'clip'>,
): Grid {
  let grid = gridOf(weights, new Float64Array(weights.length).fill(1), { bits, zeros, clip: false, scales });
  let best = { grid, error: sparseError(grid, weights) };
  for (let round = 0, beta = firstWeight; round < rounds; round++, beta *= growth) {
    grid = refitted(grid, weights, beta, { zeros, scales });
    const error = sparseError(grid, weights);
    if (error < best.error) best = { grid, error };
  }
  return best.grid;
}

/** The zero point and the scale of least squares for what remains of weights without what is left out. */
function refitted(
  grid: Grid,
  weights: ArrayLike<number>,
  beta: number,
  { zeros, scales }: { readonly zeros: boolean; readonly scales: 'f32' | 'f16' },
): Grid {
  const { scale, least, most } = grid;
  const steps: number[] = [];
  const targets: number[] = [];
  for (let index = 0; index < weights.length; index++) {
    const weight = weights[index] as number;
    const step = stepOf(grid, weight);
    steps.push(step);
    targets.push(weight / scale - shrunk(weight / scale - step, beta));
  }
  const gap =
    steps.reduce((sum, step, index) => sum + step - (targets[index] as number), 0) / Math.max(1, steps.length);
  // The step of each code becomes less by as much as the zero point grows.
  const moved = zeros ? Math.max(least, Math.min(most, roundHalfToEven(gap))) : 0;
  let [both, squares] = [0, 0];
  for (const [index, step] of steps.entries()) {
    both += (step - moved) * (targets[index] as number);
    squares += (step - moved) ** 2;
  }
  const next = dtypes[scales].round(squares > 0 ? (scale * both) / squares : scale);
  const smallest = scales === 'f16' ? 2 ** -24 : 2 ** -126;
  const isScale = Number.isFinite(next) && Math.abs(next) >= smallest && Math.sign(next) === Math.sign(scale);
  return { scale: isScale ? next : scale, least: least - moved, most: most - moved };
}
