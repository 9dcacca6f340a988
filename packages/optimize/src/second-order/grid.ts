/** The numbers that weights may take: whole multiples of a scale. */
import { dtypes } from '@espalier/tensor';
import { roundHalfToEven } from '../quantize/rounding.ts';

/** `step · scale` for each whole step from `least` to `most`. The scale is an f32, and may be below 0. */
export interface Grid {
  readonly scale: number;
  readonly least: number;
  readonly most: number;
}

/** How grids are laid. */
export interface GridOptions {
  readonly bits: number;
  /** Whether they span from the least weight, or 0, to the largest, or 0; else they lie around 0. */
  readonly zeros: boolean;
  /** Whether they may be narrower than the weights, where that makes the squared errors less. */
  readonly clip: boolean;
  /** What scales are stored in. Default: f32. */
  readonly scales?: 'f32' | 'f16';
}

/** The nearest number of a grid, as f32; halves go to the even step. */
export function onGrid({ scale, least, most }: Grid, weight: number): number {
  // Adding 0 makes 0 of the -0 that a scale below 0 gives.
  return Math.fround(stepOf({ scale, least, most }, weight) * scale) + 0;
}

/** The same with a quotient in f32, as kernels that show weights on grids compute it. */
export function onGridInFloats({ scale, least, most }: Grid, weight: number): number {
  const step = Math.min(most, Math.max(least, nearestWhole(Math.fround(weight / scale))));
  return Math.fround(step * scale) + 0;
}

/** The step whose number is nearest. */
export function stepOf({ scale, least, most }: Grid, weight: number): number {
  return Math.min(most, Math.max(least, nearestWhole(weight / scale)));
}

const shares: readonly number[] = Array.from({ length: 31 }, (_, step) => 1 - step * 0.02);

/**
 * The grid of least Σ importance · (w - ŵ)², of those that reach from the largest weight of its sign, or the share of it from 1
 * down to 0.4. Of 8 bits and around 0 the steps are -127 … 127, of fewer bits there is one step more below 0 than above, or
 * the other way round. Of equal grids the widest.
 */
export function gridOf(weights: ArrayLike<number>, importance: ArrayLike<number>, options: GridOptions): Grid {
  let best: Grid | undefined;
  let lowest = Infinity;
  const [least, largest] = extentOf(weights);
  for (const share of options.clip ? shares : [1])
    for (const grid of options.zeros
      ? [spanned(least, largest, share, options)]
      : centred(-least > largest ? least : largest, share, options)) {
      const error = errorOn(grid, weights, importance, lowest);
      if (best && !(error < lowest)) continue;
      best = grid;
      lowest = error;
    }
  return best as Grid;
}

/** Σ importance · (w - ŵ)², or some sum that is no less than the bound. */
function errorOn(
  { scale, least, most }: Grid,
  weights: ArrayLike<number>,
  importance: ArrayLike<number>,
  bound: number,
): number {
  let error = 0;
  for (let index = 0; index < weights.length && error < bound; index++) {
    const weight = weights[index] as number;
    const step = Math.min(most, Math.max(least, nearestWhole(weight / scale)));
    error += (importance[index] as number) * (weight - Math.fround(step * scale)) ** 2;
  }
  return error;
}

/** From 2^52 on doubles are whole, so that what is added to so much is rounded to the nearest whole number, halves to the even one. */
const whole = 1.5 * 2 ** 52;

/** `roundHalfToEven` of numbers below 2^51; of larger ones some that is as large. */
function nearestWhole(value: number): number {
  return value + whole - whole;
}

/** The least and the largest of some weights; 0 where none is below, or above. */
function extentOf(weights: ArrayLike<number>): readonly [number, number] {
  let [least, largest] = [0, 0];
  for (let index = 0; index < weights.length; index++) {
    const weight = weights[index] as number;
    if (weight < least) least = weight;
    if (weight > largest) largest = weight;
  }
  return [least, largest];
}

/** Row after row the grids of weights [rows, columns], one for each `width` columns, as the weights are. */
export function staticGrids(
  { weights, columns }: { readonly weights: Float64Array; readonly columns: number },
  importance: Float64Array,
  options: GridOptions & { readonly width: number },
): Grid[] {
  const grids: Grid[] = [];
  for (let row = 0; row < weights.length; row += columns)
    for (let begin = 0; begin < columns; begin += options.width) {
      const end = Math.min(columns, begin + options.width);
      grids.push(gridOf(weights.subarray(row + begin, row + end), importance.subarray(begin, end), options));
    }
  return grids;
}

/** The grid of a weight. */
export function gridAt(grids: readonly Grid[], row: number, column: number, columns: number, width: number): Grid {
  return grids[row * Math.ceil(columns / width) + Math.floor(column / width)] as Grid;
}

function centred(extreme: number, share: number, { bits, scales }: GridOptions): Grid[] {
  const half = 2 ** (bits - 1);
  const even = { scale: scaleOf(Math.abs(extreme) * share, half - 1, scales), most: half - 1 };
  if (bits === 8) return [{ ...even, least: 1 - half }];
  const uneven = -Math.sign(extreme || -1) * scaleOf(Math.abs(extreme) * share, half, scales);
  return [
    { ...even, least: -half },
    { scale: uneven, least: -half, most: half - 1 },
  ];
}

function spanned(least: number, largest: number, share: number, { bits, scales }: GridOptions): Grid {
  const steps = 2 ** bits - 1;
  const scale = scaleOf((largest - least) * share, steps, scales);
  const zero = Math.min(steps, Math.max(0, roundHalfToEven((-least * share) / scale)));
  return { scale: finite(scale, Math.max(zero, steps - zero)), least: -zero, most: steps - zero };
}

/** The smallest normal f32: a scale below it would lose its precision, and could be 0. */
const smallest = 2 ** -126;
const largestFloat = (2 - 2 ** -23) * 2 ** 127;

/**
 * The scale with which so many steps reach an extent, as it is stored, or one with which they stay finite; 1 for no extent. Of
 * f16 it is the next that is no smaller, since where those lie far apart the nearest would reach less far; or the largest.
 */
function scaleOf(extent: number, steps: number, as: GridOptions['scales']): number {
  if (extent === 0) return 1;
  if (as !== 'f16') return finite(Math.max(smallest, Math.fround(extent / steps)), steps);
  const scale = Math.min(dtypes.f16.max, extent / steps);
  const unit = unitOfHalf(scale);
  return Math.ceil(scale / unit) * unit;
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const isLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** By how much neighbours among f16 differ around a number. */
function unitOfHalf(value: number): number {
  if (value < 2 ** -14) return 2 ** -24;
  double[0] = value;
  const high = isLittle ? 1 : 0;
  // The power of two below it, and that less its ten bits.
  words[high] = ((words[high] as number) & 0xfff00000) - (10 << 20);
  words[1 - high] = 0;
  return double[0];
}

/** The scale, or the largest one with which so many steps are finite. */
function finite(scale: number, steps: number): number {
  return Math.fround(scale * steps) === Infinity ? Math.fround((largestFloat / steps) * (1 - 2 ** -22)) : scale;
}
