/** What sparse formats share: which entries of a matrix are there, and the values of those. */
import { ruleOf, type Rule } from '../arguments/rules.ts';
import { ArgumentError } from '../errors.ts';
import type { EncodedSettings } from '../kernel/spec.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { array, flawOfArray, flawOfScales, named } from './arrays.ts';
import type { EncodedArray, EncodedArrays, MatrixShape } from './format.ts';
import { quantizeRows } from './quantize.ts';

/** A mask: a byte for each element. */
export const aMask: Rule<Uint8Array> = ruleOf('a Uint8Array', (value) => value instanceof Uint8Array);

/** The entries of a matrix that are there, row by row. */
export interface Entries {
  /** [rows + 1]. */
  readonly offsets: Int32Array<ArrayBuffer>;
  readonly columns: Int32Array<ArrayBuffer>;
  readonly values: Float32Array<ArrayBuffer>;
}

/** The entries where `present` is not 0; without it, those that are not 0. Throws ArgumentError for a mask of another size. */
export function entriesOf(
  operation: string,
  dense: Float32Array,
  [rows, columns]: MatrixShape,
  present: Uint8Array | undefined,
): Entries {
  if (present && present.length !== dense.length)
    throw new ArgumentError(
      operation,
      `present has ${present.length} elements for ${rows} × ${columns} of the matrix; give one for each`,
    );
  const mask: ArrayLike<number> = present ?? dense;
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

/** The arrays of values: themselves, or codes with a scale for each row. */
export function valueArrays(
  operation: string,
  { values, offsets }: Pick<Entries, 'values' | 'offsets'>,
  as: 'f32' | 'int8',
): EncodedArrays {
  if (as === 'f32') return { values: array('f32', [values.length], values) };
  const { codes, scales } = quantizeRows(operation, values, offsets);
  return { values: array('i8', [codes.length], codes), scales: array('f32', [scales.length], scales) };
}

/** The names of those arrays. */
export function valueNames({ values }: EncodedSettings): string[] {
  return values === 'int8' ? ['values', 'scales'] : ['values'];
}

/** The f32 values of entries on a device; `rows` is the row of each. */
export function expandedValues(
  arrays: Readonly<Record<string, Tensor>>,
  settings: EncodedSettings,
  rows: Tensor,
): Tensor {
  const values = named(arrays, 'values');
  return settings['values'] === 'int8' ? values.cast('f32').mul(named(arrays, 'scales').take(rows)) : values;
}

/** What is wrong with the arrays of values of a matrix of so many rows. */
export function flawOfValues(settings: EncodedSettings, arrays: EncodedArrays, rows: number): string | undefined {
  const { values } = settings;
  if (values !== 'f32' && values !== 'int8') return `its setting values is ${String(values)}; it is f32 or int8`;
  if (values === 'f32') return flawOfArray('values', named(arrays, 'values'), 'f32', [-1]);
  const scales = named(arrays, 'scales');
  return (
    flawOfArray('values', named(arrays, 'values'), 'i8', [-1]) ??
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
