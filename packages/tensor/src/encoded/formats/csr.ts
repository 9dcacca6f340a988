/** Compressed sparse rows: the entries that are there, row by row, each with its column. */
import { oneOf } from '../../arguments/rules.ts';
import { onesLike, zeros } from '../../functions/create.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { array, flawOfArray, named } from '../arrays.ts';
import type { EncodedArrays, MatrixFormat, MatrixShape } from '../format.ts';
import { aMask, entriesOf, expandedValues, flawOfOffsets, flawOfValues, valueArrays, valueNames } from '../sparse.ts';

/** Options of `csr`. */
export interface CsrOptions {
  /**
   * Which entries are there: 1 for each that is, row-major, whatever its value. Default: those that are not 0. What is not
   * there is 0.
   */
  readonly present?: Uint8Array;
  /** What an entry is stored as; `int8` has a scale for each row. Default: `f32`. */
  readonly values?: 'f32' | 'int8';
}

/** Bytes of a column: as few as hold all columns of a matrix. */
const columnBytes = (columns: number): 1 | 2 | 4 => (columns <= 2 ** 8 ? 1 : columns <= 2 ** 16 ? 2 : 4);

/**
 * The entries that are there. `offsets`: i32 [rows + 1], row r has the entries offsets[r] up to offsets[r + 1]; `columns`: of
 * each entry, ascending within a row, u8 [n] up to 256 columns, u8 [n, 2] (the low byte first) up to 65,536, else i32 [n];
 * `values`: f32 [n], or i8 [n] with `scales` f32 [rows].
 */
export const csr: MatrixFormat<CsrOptions> = {
  name: 'csr',
  layout: 'csr',
  arrays: (settings) => ['offsets', 'columns', ...valueNames(settings)],
  options: { present: aMask, values: oneOf('f32', 'int8') },
  encode: (dense, shape, { present, values = 'f32' }) => {
    const entries = entriesOf('csr', dense, shape, present);
    return {
      settings: { values, columnBytes: columnBytes(shape[1]) },
      arrays: {
        offsets: array('i32', [shape[0] + 1], entries.offsets),
        columns: columnArray(entries.columns, shape[1]),
        ...valueArrays('csr', entries, values),
      },
    };
  },
  flaw: ({ settings, arrays }, shape) => {
    const bytes = columnBytes(shape[1]);
    if (settings['columnBytes'] !== bytes)
      return `its setting columnBytes is ${settings['columnBytes']}; ${shape[1]} columns take ${bytes}`;
    return (
      flawOfOffsets(named(arrays, 'offsets'), shape[0], named(arrays, 'values').data.length) ??
      flawOfValues(settings, arrays, shape[0]) ??
      flawOfColumns(arrays, shape)
    );
  },
  expand: (arrays, settings, [rows, columns]) => {
    const { device } = named(arrays, 'offsets');
    const { size } = named(arrays, 'values');
    if (size === 0) return zeros([rows, columns], { device });
    const row = rowOfEntry(named(arrays, 'offsets'), size);
    const place = row.mul(columns).add(columnOfEntry(named(arrays, 'columns')));
    return expandedValues(arrays, settings, row)
      .scatterInto(place, 0, [rows * columns])
      .reshape([rows, columns]);
  },
};

function columnArray(columns: Int32Array<ArrayBuffer>, count: number): ReturnType<typeof array> {
  switch (columnBytes(count)) {
    case 1:
      return array('u8', [columns.length], Uint8Array.from(columns));
    case 2:
      return array('u8', [columns.length, 2], new Uint8Array(Uint16Array.from(columns).buffer));
    case 4:
      return array('i32', [columns.length], columns);
  }
}

/** The columns of arrays in JavaScript memory. */
function columnsOf(arrays: EncodedArrays, count: number): ArrayLike<number> {
  const { data } = named(arrays, 'columns');
  return columnBytes(count) === 2
    ? Uint16Array.from(
        { length: data.length / 2 },
        (_, entry) => (data[2 * entry] as number) + 256 * (data[2 * entry + 1] as number),
      )
    : data;
}

function flawOfColumns(arrays: EncodedArrays, [rows, count]: MatrixShape): string | undefined {
  const entries = named(arrays, 'values').data.length;
  const bytes = columnBytes(count);
  const shape = bytes === 2 ? [entries, 2] : [entries];
  const flaw = flawOfArray('columns', named(arrays, 'columns'), bytes === 4 ? 'i32' : 'u8', shape);
  if (flaw) return flaw;
  const columns = columnsOf(arrays, count);
  const { data: offsets } = named(arrays, 'offsets');
  for (let row = 0; row < rows; row++) {
    let before = -1;
    for (let entry = offsets[row] as number; entry < (offsets[row + 1] as number); entry++) {
      const column = columns[entry] as number;
      if (column <= before || column >= count)
        return `row ${row} has the column ${column} after ${before}, of ${count}; they ascend`;
      before = column;
    }
  }
  return undefined;
}

/** The row of each entry: how many rows have begun before it, or with it, less one. */
function rowOfEntry(offsets: Tensor, entries: number): Tensor {
  // The last offset, the number of entries, is a place of its own.
  const begins = offsets.slice([1], [offsets.size - 1]);
  return onesLike(begins)
    .scatterInto(begins, 0, [entries + 1])
    .cumsum(0)
    .slice([0], [entries]);
}

function columnOfEntry(columns: Tensor): Tensor {
  const wide = columns.cast('i32');
  return columns.rank === 1 ? wide : wide.select(1, 0).add(wide.select(1, 1).mul(256));
}
