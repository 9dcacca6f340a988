/** Compressed sparse rows: the entries that are there, row by row, each with its column. */
import { zeros } from '../../functions/create.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { ofNothing } from '../../tensor/empty.ts';
import { array, flawOfArray, named } from '../arrays.ts';
import type { EncodedArrays, MatrixFormat } from '../format.ts';
import {
  entriesOf,
  findEntries,
  flawOfColumns,
  flawOfOffsets,
  flawOfValues,
  rangesOf,
  rowOfEntry,
  scaledValues,
  sparseOptions,
  valueArrays,
  valueNames,
  type SparseOptions,
} from '../sparse.ts';

/** Bytes of a column: as few as hold all columns of a matrix. */
const columnBytes = (columns: number): 1 | 2 | 4 => (columns <= 2 ** 8 ? 1 : columns <= 2 ** 16 ? 2 : 4);

/**
 * The entries that are there. `offsets`: i32 [rows + 1], row r has the entries offsets[r] up to offsets[r + 1]; `columns`: of
 * each entry, ascending within a row, u8 [n] up to 256 columns, u8 [n, 2] (the low byte first) up to 65,536, else i32 [n];
 * `values`: f32 [n], or i8 [n] with `scales` f32 [rows].
 */
export const csr: MatrixFormat<SparseOptions> = {
  name: 'csr',
  layout: 'csr',
  arrays: (settings) => ['offsets', 'columns', ...valueNames(settings)],
  kept: 'values',
  options: sparseOptions,
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
      flawOfColumnArray(arrays, shape[1])
    );
  },
  expand: (arrays, settings, [rows, columns]) => {
    const { device } = named(arrays, 'offsets');
    const { size } = named(arrays, 'values');
    if (size === 0) return ofNothing(zeros([rows, columns], { device }), Object.values(arrays));
    const row = rowOfEntry(named(arrays, 'offsets'), size);
    const place = row.mul(columns).add(columnOfEntry(named(arrays, 'columns'), settings['columnBytes'] === 2));
    return scaledValues(named(arrays, 'values'), arrays, settings, (scales) => scales.take(row))
      .scatterInto(place, 0, [rows * columns])
      .reshape([rows, columns]);
  },
  take: (arrays, settings, [, columns], indices) => {
    const { size } = named(arrays, 'values');
    if (size === 0) return ofNothing(zeros([indices.size, columns], { device: indices.device }), Object.values(arrays));
    const range = rangesOf(named(arrays, 'offsets'), indices);
    const columnAt = (places: Tensor): Tensor =>
      columnOfEntry(named(arrays, 'columns').take(places), settings['columnBytes'] === 2);
    const { place, isThere } = findEntries(range, columns, size, columnAt);
    const values = named(arrays, 'values').take(place);
    return scaledValues(values, arrays, settings, (scales) => scales.take(indices).unsqueeze(1)).where(isThere, 0);
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

function flawOfColumnArray(arrays: EncodedArrays, count: number): string | undefined {
  const entries = named(arrays, 'values').data.length;
  const bytes = columnBytes(count);
  const shape = bytes === 2 ? [entries, 2] : [entries];
  return (
    flawOfArray('columns', named(arrays, 'columns'), bytes === 4 ? 'i32' : 'u8', shape) ??
    flawOfColumns('row', columnsOf(arrays, count), named(arrays, 'offsets'), count)
  );
}

/** The columns of entries, of any shape; as two bytes each, or whole. */
function columnOfEntry(columns: Tensor, isPair: boolean): Tensor {
  const wide = columns.cast('i32');
  return isPair ? wide.select(-1, 0).add(wide.select(-1, 1).mul(256)) : wide;
}
