/** Numbers on the unit interval: what strategies compute with, whatever range, step and scale a parameter has. */
import type { NumberParameter } from './parameter.ts';

/** Forgives rounding when a range is not an exact multiple of its step: 0.3 / 0.1 is 2.9999…96. */
const slack = 1e-9;

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

function decimals(value: number): number {
  const [mantissa = '', exponent = '0'] = String(value).split('e');
  return Math.max(0, (mantissa.split('.')[1]?.length ?? 0) - Number(exponent));
}

/** How many values a number takes; Infinity without a step. */
export function gridSize({ low, high, step }: NumberParameter): number {
  return step === undefined ? (low === high ? 1 : Infinity) : Math.floor((high - low) / step + slack) + 1;
}

/** The value of an index on the grid, free of binary dust: the third tenth is 0.3, not 0.30000000000000004. */
export function gridValue({ low, step = 0 }: NumberParameter, index: number): number {
  if (index === 0) return low;
  const digits = Math.min(100, Math.max(decimals(low), decimals(step)));
  return Number((low + index * step).toFixed(digits));
}

/** The index on the grid nearest to a value. */
export function gridIndex(parameter: NumberParameter, value: number): number {
  const index = Math.round((value - parameter.low) / (parameter.step ?? 1));
  return clamp(index, 0, gridSize(parameter) - 1);
}

/** A number on the scale on which the parameter is uniform. */
function scaled({ log }: NumberParameter, value: number): number {
  return log ? Math.log(value) : value;
}

/**
 * The lower end of the range on that scale. On a grid each value owns the cell of half a step on either side, so that
 * the first and the last are as likely as the scale makes the others.
 */
function scaledLow(parameter: NumberParameter): number {
  return scaled(parameter, parameter.low - (parameter.step ?? 0) / 2);
}

/** The upper end of the range on that scale, half a step beyond the last value. */
function scaledHigh(parameter: NumberParameter): number {
  const { step, high } = parameter;
  const last = step === undefined ? high : gridValue(parameter, gridSize(parameter) - 1);
  return scaled(parameter, last + (step ?? 0) / 2);
}

/** The value at a position in [0, 1]: a uniform position gives the parameter's distribution. */
export function fromUnit(parameter: NumberParameter, position: number): number {
  const low = scaledLow(parameter);
  const place = low + clamp(position, 0, 1) * (scaledHigh(parameter) - low);
  const value = parameter.log ? Math.exp(place) : place;
  if (parameter.step !== undefined) return gridValue(parameter, gridIndex(parameter, value));
  // Adding zero turns -0, which JSON forgets, into 0.
  return clamp(value, parameter.low, parameter.high) + 0;
}

/** The position in [0, 1] of a value; on a grid, the middle of its cell. */
export function toUnit(parameter: NumberParameter, value: number): number {
  const low = scaledLow(parameter);
  const high = scaledHigh(parameter);
  if (low === high) return 0.5;
  return clamp((scaled(parameter, value) - low) / (high - low), 0, 1);
}

/** Whether a number is one of the parameter's values. */
export function isOnScale(parameter: NumberParameter, value: number): boolean {
  if (!(value >= parameter.low && value <= parameter.high)) return false;
  return parameter.step === undefined || gridValue(parameter, gridIndex(parameter, value)) === value;
}

/**
 * The values one move below and above. A move covers `stride` of the range, on the number's own scale, and on a grid
 * at least one step. Fewer than two at the ends of the range; none for a continuous number with stride 0.
 */
export function numberNeighbours(
  parameter: NumberParameter,
  value: number,
  stride: number,
): readonly { readonly value: number; readonly direction: -1 | 1 }[] {
  const position = toUnit(parameter, value);
  const count = gridSize(parameter);
  const found: { value: number; direction: -1 | 1 }[] = [];
  for (const direction of [-1, 1] as const) {
    // There and back a position may round to the number beside it, which is no move.
    const moved = stride === 0 ? value : fromUnit(parameter, position + direction * stride);
    if (Math.sign(moved - value) === direction) found.push({ value: moved, direction });
    else if (parameter.step !== undefined) {
      const index = gridIndex(parameter, value) + direction;
      if (index >= 0 && index < count) found.push({ value: gridValue(parameter, index), direction });
    }
  }
  return found;
}
