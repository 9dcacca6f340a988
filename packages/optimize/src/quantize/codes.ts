/** Quantization of plain arrays: the one place where a weight becomes a code and back. */
import type { NumberFormat } from './number-format.ts';
import { roundHalfToEven } from './rounding.ts';

/** What the codes of a weight, as a matrix [first axis, all other axes], mean: (code - zero) · scale. */
export interface Scaling {
  /** One for the whole matrix, for each row, or for each group of columns of each row; f32. */
  readonly scales: Float32Array;
  /** The code of the number 0 of each scale. Default: 0. */
  readonly zeros?: Int8Array | undefined;
  /** Columns that share a scale; the last group of a row may have fewer. Default: all of them. */
  readonly group?: number | undefined;
}

/** How many scales a matrix has by row, or by groups of its columns. */
export function scaleCount(rows: number, columns: number, group: number | undefined): number {
  return group === undefined ? rows : rows * Math.ceil(columns / group);
}

/** Which scale the element of an index has, of a matrix of so many elements and columns. */
export function scaleIndex({ scales, group }: Scaling, count: number, columns: number): (index: number) => number {
  if (group === undefined) {
    const perScale = count / scales.length;
    return (index) => Math.floor(index / perScale);
  }
  const perRow = Math.ceil(columns / group);
  return (index) => Math.floor(index / columns) * perRow + Math.floor((index % columns) / group);
}

/** The runs of values that share a scale, as [begin, end]. */
export function runsOf(count: number, columns: number, scales: number, group: number | undefined): [number, number][] {
  if (count === 0) return Array.from({ length: scales }, () => [0, 0]);
  const size = group === undefined ? count / scales : group;
  const line = group === undefined ? count : columns;
  const runs: [number, number][] = [];
  for (let row = 0; row < count; row += line)
    for (let begin = row; begin < row + line; begin += size) runs.push([begin, Math.min(begin + size, row + line)]);
  return runs;
}

const asScaling = (scaling: Float32Array | Scaling): Scaling =>
  scaling instanceof Float32Array ? { scales: scaling } : scaling;

/**
 * The code of each value of a matrix: value / scale, rounded half to even, plus the zero point, clamped to the format. The
 * division is done in f32, as the devices do it.
 */
export function encodeValues(
  values: Float32Array,
  scaling: Float32Array | Scaling,
  format: Pick<NumberFormat, 'minimum' | 'maximum'>,
  columns: number = values.length,
): Int8Array<ArrayBuffer> {
  const { scales, zeros, group } = asScaling(scaling);
  const at = scaleIndex({ scales, group }, values.length, columns);
  const codes = new Int8Array(values.length);
  for (let index = 0; index < values.length; index++) {
    const place = at(index);
    const code = roundHalfToEven(Math.fround((values[index] as number) / (scales[place] as number)));
    codes[index] = Math.min(format.maximum, Math.max(format.minimum, code + (zeros?.[place] ?? 0)));
  }
  return codes;
}

/** The f32 each code stands for: (code - zero) · scale. */
export function decodeValues(
  codes: Int8Array,
  scaling: Float32Array | Scaling,
  columns: number = codes.length,
): Float32Array<ArrayBuffer> {
  const { scales, zeros, group } = asScaling(scaling);
  const at = scaleIndex({ scales, group }, codes.length, columns);
  const values = new Float32Array(codes.length);
  for (let index = 0; index < codes.length; index++) {
    const place = at(index);
    values[index] = ((codes[index] as number) - (zeros?.[place] ?? 0)) * (scales[place] as number);
  }
  return values;
}
