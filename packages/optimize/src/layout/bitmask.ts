/** Sparse encoding by bitmask: one bit for each weight, then the weights that are there. Best from about 5 to 85 % zeros. */
import { FormatError } from '@espalier/nn';

/** The weights an encoding keeps, in order. */
export type Values = Float32Array<ArrayBuffer> | Int8Array<ArrayBuffer>;

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

/** Which elements of a row-major matrix differ from 0. `-0` counts as 0. */
export function encodeBitmask<V extends Values>(dense: V, rows: number, columns: number): Bitmask<V> {
  const rowBytes = bitmaskRowBytes(columns);
  const bits = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (dense[row * columns + column] === 0) continue;
      const byte = row * rowBytes + (column >> 3);
      bits[byte] = (bits[byte] as number) | (1 << (column & 7));
    }
  }
  return { bits, values: dense.filter((value) => value !== 0) as V };
}

/** The matrix again. Throws FormatError when the parts contradict each other. */
export function decodeBitmask<V extends Values>({ bits, values }: Bitmask<V>, rows: number, columns: number): V {
  const rowBytes = bitmaskRowBytes(columns);
  if (bits.length !== rows * rowBytes) {
    throw new FormatError(
      'bitmask',
      0,
      `${rows} × ${columns} weights need ${rows * rowBytes} bytes of bits, not ${bits.length}`,
    );
  }
  const dense = new (values.constructor as new (length: number) => V)(rows * columns);
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
      next++;
    }
  }
  if (next !== values.length) throw new FormatError('bitmask', 0, `${next} bits are set for ${values.length} values`);
  return dense;
}
