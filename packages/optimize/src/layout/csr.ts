/** Compressed sparse rows: for each weight that is there its column, and where each row starts. Best when few are left. */
import { FormatError } from '@espalier/nn';
import type { SparseWeights, Values } from './bitmask.ts';

/** The narrowest unsigned integers that hold every column, among those that tensors can have. */
export type ColumnIndices = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** A matrix by compressed rows. */
export interface CompressedRows<V extends Values = Values> {
  /** [rows + 1]: row r has the entries `offsets[r]` to `offsets[r + 1]`. */
  readonly offsets: Uint32Array<ArrayBuffer>;
  /** Columns, ascending inside a row. */
  readonly columns: ColumnIndices;
  readonly values: V;
}

/** Bytes of one column index. */
export function columnIndexBytes(columns: number): 1 | 4 {
  return columns <= 256 ? 1 : 4;
}

/** The columns of what is there, row by row, and its values. */
export function encodeCompressedRows<V extends Values>(
  { dense, present }: SparseWeights<V>,
  rows: number,
  columns: number,
): CompressedRows<V> {
  const values = dense.filter((_, index) => present[index] === 1) as V;
  const offsets = new Uint32Array(rows + 1);
  const indices = columnIndexBytes(columns) === 1 ? new Uint8Array(values.length) : new Uint32Array(values.length);
  let next = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (present[row * columns + column] === 1) indices[next++] = column;
    }
    offsets[row + 1] = next;
  }
  return { offsets, columns: indices, values };
}

/**
 * The matrix again.
 * @throws {FormatError} when the parts contradict each other.
 */
export function decodeCompressedRows<V extends Values>(
  parts: CompressedRows<V>,
  rows: number,
  columns: number,
): SparseWeights<V> {
  const { offsets, columns: indices, values } = parts;
  if (offsets.length !== rows + 1 || offsets[0] !== 0 || offsets[rows] !== values.length) {
    throw new FormatError(
      'csr',
      0,
      `${rows} rows with ${values.length} values need ${rows + 1} offsets from 0 to ${values.length}`,
    );
  }
  if (indices.length !== values.length) {
    throw new FormatError('csr', 0, `${indices.length} columns are given for ${values.length} values`);
  }
  const dense = new (values.constructor as new (length: number) => V)(rows * columns);
  const present = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const [begin, end] = [offsets[row] as number, offsets[row + 1] as number];
    if (begin > end) throw new FormatError('csr', row * 4, `row ${row} runs from entry ${begin} back to ${end}`);
    let before = -1;
    for (let entry = begin; entry < end; entry++) {
      const column = indices[entry] as number;
      if (column <= before || column >= columns) {
        throw new FormatError(
          'csr',
          entry * indices.BYTES_PER_ELEMENT,
          `row ${row} has column ${column} after ${before}, of ${columns}; they must ascend`,
        );
      }
      dense[row * columns + column] = values[entry] as number;
      present[row * columns + column] = 1;
      before = column;
    }
  }
  return { dense, present };
}
