/** Codes of 1, 2, 4 or 8 bits, packed into bytes with the lowest bits first; each row begins with a byte of its own. */
import { arange } from '../functions/create.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { array, flawOfArray } from './arrays.ts';
import type { EncodedArray } from './format.ts';

/** Rows of codes: how many rows, and how many codes in each. */
export type CodeShape = readonly [rows: number, count: number];

/** How many bits one code has. */
export type CodeBits = 1 | 2 | 4 | 8;

const bytesOf = (count: number, bits: CodeBits): number => Math.ceil((count * bits) / 8);

/** Codes, row after row, as u8 [rows, bytes of a row]. */
export function packed(codes: ArrayLike<number>, [rows, count]: CodeShape, bits: CodeBits): EncodedArray {
  const bytes = bytesOf(count, bits);
  const data = new Uint8Array(rows * bytes);
  for (let row = 0; row < rows; row++)
    for (let index = 0; index < count; index++) {
      const at = row * bytes + ((index * bits) >> 3);
      data[at] = (data[at] as number) | ((codes[row * count + index] as number) << ((index * bits) & 7));
    }
  return array('u8', [rows, bytes], data);
}

/** The codes of packed rows in JavaScript memory. */
export function unpackedCodes({ data }: EncodedArray, [rows, count]: CodeShape, bits: CodeBits): Uint8Array {
  const bytes = bytesOf(count, bits);
  const codes = new Uint8Array(rows * count);
  for (let row = 0; row < rows; row++)
    for (let index = 0; index < count; index++)
      codes[row * count + index] =
        ((data[row * bytes + ((index * bits) >> 3)] as number) >> ((index * bits) & 7)) & (2 ** bits - 1);
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
  const perByte = 8 / bits;
  const byte = place.shiftRight(Math.log2(perByte));
  const within = bytesOf(count, bits) > bytes ? byte.minimum(Math.max(0, bytes - 1)) : byte;
  const shift = place.bitwiseAnd(perByte - 1).mul(bits);
  return codes
    .take(within, 1)
    .cast('i32')
    .shiftRight(shift)
    .bitwiseAnd(2 ** bits - 1);
}
