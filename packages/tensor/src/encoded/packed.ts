/** Codes of 1 to 8 bits, packed into bytes with the lowest bits first; each row begins with a byte of its own. */
import { arange } from '../functions/create.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { array, flawOfArray } from './arrays.ts';
import type { EncodedArray } from './format.ts';

/** Rows of codes: how many rows, and how many codes in each. */
export type CodeShape = readonly [rows: number, count: number];

/** How many bits one code has. */
export type CodeBits = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const bytesOf = (count: number, bits: CodeBits): number => Math.ceil((count * bits) / 8);

/** Codes, row after row, as u8 [rows, bytes of a row]. */
export function packed(codes: ArrayLike<number>, [rows, count]: CodeShape, bits: CodeBits): EncodedArray {
  const bytes = bytesOf(count, bits);
  const data = new Uint8Array(rows * bytes);
  for (let row = 0; row < rows; row++)
    for (let index = 0; index < count; index++) {
      const at = row * bytes + ((index * bits) >> 3);
      const placed = (codes[row * count + index] as number) << ((index * bits) & 7);
      data[at] = (data[at] as number) | (placed & 255);
      if (placed > 255) data[at + 1] = placed >> 8;
    }
  return array('u8', [rows, bytes], data);
}

/** The codes of packed rows in JavaScript memory. */
export function unpackedCodes({ data }: EncodedArray, [rows, count]: CodeShape, bits: CodeBits): Uint8Array {
  const bytes = bytesOf(count, bits);
  const codes = new Uint8Array(rows * count);
  for (let row = 0; row < rows; row++)
    for (let index = 0; index < count; index++) {
      const at = row * bytes + ((index * bits) >> 3);
      const two = (data[at] as number) | ((data[at + 1] ?? 0) << 8);
      codes[row * count + index] = (two >> ((index * bits) & 7)) & (2 ** bits - 1);
    }
  return codes;
}

/** What is wrong with packed rows: their sizes, and bits that are set past the last code of a row. */
export function flawOfPacked(
  name: string,
  codes: EncodedArray,
  [rows, count]: CodeShape,
  bits: CodeBits,
): string | undefined {
  const bytes = bytesOf(count, bits);
  const flaw = flawOfArray(name, codes, 'u8', [rows, bytes]);
  const used = (count * bits) & 7;
  if (flaw !== undefined || used === 0) return flaw;
  for (let row = 0; row < rows; row++)
    if ((codes.data[(row + 1) * bytes - 1] as number) >> used !== 0)
      return `row ${row} of ${name} has bits set past its ${count} codes; they are 0`;
  return undefined;
}

/**
 * The codes at some places of each row, i32 [rows, ...shape], where the places are counted from 0 in a tensor of that shape.
 * Places past the last byte read that byte. Reads each code from its byte, so that it costs no array of its own.
 */
export function unpacked(codes: Tensor, shape: readonly number[], bits: CodeBits): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const place = arange(0, count, 1, { dtype: 'i32', device: codes.device }).reshape(shape);
  const bytes = codes.shape[1] as number;
  if (bits === 8 && count === bytes) return codes.cast('i32').reshape([codes.shape[0] as number, ...shape]);
  const isWhole = 8 % bits === 0;
  const bit = place.mul(bits);
  const byte = isWhole ? place.shiftRight(3 - Math.log2(bits)) : bit.shiftRight(3);
  const last = Math.max(0, bytes - 1);
  const within = bytesOf(count, bits) > bytes ? byte.minimum(last) : byte;
  const low = codes.take(within, 1).cast('i32');
  // A code may begin in one byte and end in the next.
  const two = isWhole ? low : low.add(codes.take(byte.add(1).minimum(last), 1).cast('i32').mul(256));
  return two.shiftRight(bit.bitwiseAnd(7)).bitwiseAnd(2 ** bits - 1);
}
