/** Sparse encoding by bitmask: one bit for each weight, then the weights that are there. Best from about 5 to 85 % zeros. */
import { FormatError } from '@espalier/nn';

/** The weights of a matrix, row-major. */
export type Values = Float32Array<ArrayBuffer> | Int8Array<ArrayBuffer>;

/**
 * The weights of a matrix, and which of them are there (1): those that a mask kept, or without a mask those that are not 0. What
 * is not there is 0; what is there may be 0 as well, and comes back as kept.
 */
export interface SparseWeights<V extends Values = Values> {
  readonly dense: V;
  readonly present: Uint8Array<ArrayBuffer>;
}

/** Marks (1) the weights that differ from 0; `-0` does not. */
export function nonZero(dense: Values): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(dense, (value) => (value === 0 ? 0 : 1));
}

/** A matrix by bitmask. Each row starts a new byte; column c of a row is bit c mod 8 of byte ⌊c / 8⌋, lowest bit first. */
export interface Bitmask<V extends Values = Values> {
  /** [rows, ⌈columns / 8⌉]. */
  readonly bits: Uint8Array<ArrayBuffer>;
  readonly values: V;
}

/** Bytes of a row of the mask. */
export function bitmaskRowBytes(columns: number): number {
  return Math.ceil(columns / 8);
}

/** The bits of what is there, and its values. */
export function encodeBitmask<V extends Values>(
  { dense, present }: SparseWeights<V>,
  rows: number,
  columns: number,
): Bitmask<V> {
  const rowBytes = bitmaskRowBytes(columns);
  const bits = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (present[row * columns + column] === 0) continue;
      const byte = row * rowBytes + (column >> 3);
      bits[byte] = (bits[byte] as number) | (1 << (column & 7));
    }
  }
  return { bits, values: dense.filter((_, index) => present[index] === 1) as V };
}

/**
 * The matrix again.
 * @throws {FormatError} when the parts contradict each other.
 */
export function decodeBitmask<V extends Values>(
  { bits, values }: Bitmask<V>,
  rows: number,
  columns: number,
): SparseWeights<V> {
  const rowBytes = bitmaskRowBytes(columns);
  if (bits.length !== rows * rowBytes) {
    throw new FormatError(
      'bitmask',
      0,
      `${rows} × ${columns} weights need ${rows * rowBytes} bytes of bits, not ${bits.length}`,
    );
  }
  const dense = new (values.constructor as new (length: number) => V)(rows * columns);
  const present = new Uint8Array(rows * columns);
  let next = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < rowBytes * 8; column++) {
      if (((bits[row * rowBytes + (column >> 3)] as number) & (1 << (column & 7))) === 0) continue;
      if (column >= columns)
        throw new FormatError(
          'bitmask',
          row * rowBytes + (column >> 3),
          `row ${row} has a bit for column ${column} of ${columns}`,
        );
      if (next < values.length) dense[row * columns + column] = values[next] as number;
      present[row * columns + column] = 1;
      next++;
    }
  }
  if (next !== values.length) throw new FormatError('bitmask', 0, `${next} bits are set for ${values.length} values`);
  return { dense, present };
}
