/**
 * What sparse formats share: which entries of a matrix are there, and the values of those.
 *
 * What is not there reads 0, and takes no part in sums: an infinity or NaN of the dense factor meets only entries that are
 * there, those of value 0 too. So do the kernels of all devices, products through the dense matrix (`dense-product.ts`), and
 * SciPy and PyTorch; the dense matrix of `toDense`, multiplied as any other, has zeros that make NaN of an infinity. A layer
 * that keeps a small weight dense (`chooseKernel`) multiplies that one: for finite x the same but for rounding.
 */
import { oneOf, ruleOf, type OptionRules, type Rule } from '../arguments/rules.ts';
import { ArgumentError } from '../errors.ts';
import { arange, onesLike } from '../functions/create.ts';
import type { EncodedSettings } from '../kernel/spec.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { array, flawOfArray, flawOfScales, flawOfSetting, named } from './arrays.ts';
import type { EncodedArray, EncodedArrays, MatrixShape } from './format.ts';
import { quantizeRows } from './quantize.ts';

/** A mask: a byte for each element. */
const aMask: Rule<Uint8Array> = ruleOf('a Uint8Array', (value) => value instanceof Uint8Array);

/** Options that all sparse formats have. */
export interface SparseOptions {
  /**
   * Which entries are there: 1 for each that is, row-major, whatever its value. Default: those that are not 0. What is not
   * there is 0.
   */
  readonly present?: Uint8Array;
  /** What an entry is stored as; `int8` has a scale for each row. Default: `f32`. */
  readonly values?: 'f32' | 'int8';
}

/** What those options must be. */
export const sparseOptions: OptionRules<SparseOptions> = { present: aMask, values: oneOf('f32', 'int8') };

/** The entries of a matrix that are there, row by row. */
export interface Entries {
  /** [rows + 1]. */
  readonly offsets: Int32Array<ArrayBuffer>;
  readonly columns: Int32Array<ArrayBuffer>;
  readonly values: Float32Array<ArrayBuffer>;
}

/**
 * What is not 0 where an entry is there.
 * @throws {ArgumentError} for a mask of another size.
 */
export function maskOf(
  operation: string,
  dense: Float32Array,
  [rows, columns]: MatrixShape,
  present: Uint8Array | undefined,
): ArrayLike<number> {
  if (present && present.length !== dense.length)
    throw new ArgumentError(
      operation,
      `present has ${present.length} elements for ${rows} × ${columns} of the matrix; give one for each`,
    );
  return present ?? dense;
}

/**
 * The entries where `present` is not 0; without it, those that are not 0.
 * @throws {ArgumentError} for a mask of another size.
 */
export function entriesOf(
  operation: string,
  dense: Float32Array,
  [rows, columns]: MatrixShape,
  present: Uint8Array | undefined,
): Entries {
  const mask = maskOf(operation, dense, [rows, columns], present);
  let count = 0;
  for (let index = 0; index < dense.length; index++) if (mask[index] !== 0) count++;
  const found = {
    offsets: new Int32Array(rows + 1),
    columns: new Int32Array(count),
    values: new Float32Array(count),
  };
  let next = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const index = row * columns + column;
      if (mask[index] === 0) continue;
      found.columns[next] = column;
      found.values[next++] = dense[index] as number;
    }
    found.offsets[row + 1] = next;
  }
  return found;
}

/** The arrays of values: themselves, or codes with a scale for each row; `shape` is that of the values. */
export function valueArrays(
  operation: string,
  { values, offsets }: Pick<Entries, 'values' | 'offsets'>,
  as: 'f32' | 'int8',
  shape: readonly number[] = [values.length],
): EncodedArrays {
  if (as === 'f32') return { values: array('f32', shape, values) };
  const { codes, scales } = quantizeRows(operation, values, offsets);
  return { values: array('i8', shape, codes), scales: array('f32', [scales.length], scales) };
}

/** The names of those arrays. */
export function valueNames({ values }: EncodedSettings): string[] {
  return values === 'int8' ? ['values', 'scales'] : ['values'];
}

/**
 * Values of entries in f32, as they are or times a scale each: `scaleOf` takes from the scales of all rows, in a shape that
 * broadcasts, those of the values. They are to be scaled before they are put in their places, so that no gradient comes to
 * scales from what is not there.
 */
export function scaledValues(
  values: Tensor,
  arrays: Readonly<Record<string, Tensor>>,
  settings: EncodedSettings,
  scaleOf: (scales: Tensor) => Tensor,
): Tensor {
  const wide = values.cast('f32');
  return settings['values'] === 'int8' ? wide.mul(scaleOf(named(arrays, 'scales'))) : wide;
}

/** What is wrong with the arrays of values of a matrix of so many rows; `shape` is that of the values (-1: of any size). */
export function flawOfValues(
  settings: EncodedSettings,
  arrays: EncodedArrays,
  rows: number,
  shape: readonly number[] = [-1],
): string | undefined {
  const flaw = flawOfSetting(settings, 'values', sparseOptions.values);
  if (flaw !== undefined) return flaw;
  if (settings['values'] === 'f32') return flawOfArray('values', named(arrays, 'values'), 'f32', shape);
  const scales = named(arrays, 'scales');
  return (
    flawOfArray('values', named(arrays, 'values'), 'i8', shape) ??
    flawOfArray('scales', scales, 'f32', [rows]) ??
    flawOfScales('scales', scales)
  );
}

/** What is wrong with offsets, which run from 0 to the number of entries. */
export function flawOfOffsets(offsets: EncodedArray, rows: number, entries: number): string | undefined {
  const flaw = flawOfArray('offsets', offsets, 'i32', [rows + 1]);
  if (flaw) return flaw;
  const { data } = offsets;
  if (data[0] !== 0 || data[rows] !== entries)
    return `offsets run from ${data[0]} to ${data[rows]}; they go from 0 to the ${entries} entries`;
  for (let row = 0; row < rows; row++)
    if ((data[row] as number) > (data[row + 1] as number))
      return `row ${row} runs from entry ${data[row]} back to ${data[row + 1]}`;
  return undefined;
}

/** The row of each entry: how many rows have begun before it, or with it, less one. */
export function rowOfEntry(offsets: Tensor, entries: number): Tensor {
  // The last offset, the number of entries, is a place of its own.
  const begins = offsets.slice([1], [offsets.size - 1]);
  return onesLike(begins)
    .scatterInto(begins, 0, [entries + 1])
    .cumsum(0)
    .slice([0], [entries]);
}

/** What is wrong with columns, of each entry of each row: they ascend, and are below `count`. */
export function flawOfColumns(
  row: string,
  columns: ArrayLike<number>,
  { data: offsets }: EncodedArray,
  count: number,
): string | undefined {
  for (let at = 0; at + 1 < offsets.length; at++) {
    let before = -1;
    for (let entry = offsets[at] as number; entry < (offsets[at + 1] as number); entry++) {
      const column = columns[entry] as number;
      if (column <= before || column >= count)
        return `${row} ${at} has the column ${column} after ${before}, of ${count}; they ascend`;
      before = column;
    }
  }
  return undefined;
}

/** Where entries of rows are, if they are: i32 and bool [n, count]. */
export interface FoundEntries {
  readonly place: Tensor;
  readonly isThere: Tensor;
}

/**
 * Looks for an entry in each of `count` columns of rows that begin and end at some entries, i32 [n], among columns that
 * ascend: by halves, all at once. `columnAt` is the column of each of some entries, of which there are `entries`.
 */
export function findEntries(
  [begin, end]: readonly [begin: Tensor, end: Tensor],
  count: number,
  entries: number,
  columnAt: (places: Tensor) => Tensor,
): FoundEntries {
  const wanted = arange(0, count, 1, { dtype: 'i32', device: begin.device });
  const last = end.unsqueeze(1);
  const at = (place: Tensor): Tensor => columnAt(place.minimum(entries - 1));
  let [low, high] = [begin.unsqueeze(1).add(wanted.mul(0)), last.add(wanted.mul(0))];
  for (let left = count; left > 0; left >>= 1) {
    const middle = low.add(high).shiftRight(1);
    const isBefore = middle.lt(last).logicalAnd(at(middle).lt(wanted));
    low = middle.add(1).where(isBefore, low);
    high = high.where(isBefore, middle);
  }
  return { place: low.minimum(entries - 1), isThere: low.lt(last).logicalAnd(at(low).eq(wanted)) };
}

/** The offsets where rows begin and end. */
export function rangesOf(offsets: Tensor, rows: Tensor): readonly [begin: Tensor, end: Tensor] {
  const begins = offsets.slice([0], [offsets.size - 1]);
  const ends = offsets.slice([1], [offsets.size]);
  return [begins.take(rows), ends.take(rows)];
}
