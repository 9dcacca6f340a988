/**
 * The IDX format of MNIST: two zero bytes, a type code, the number of dimensions, the sizes as big-endian u32, the values.
 * Source: Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits".
 */
import type { Shape } from '@espalier/tensor';
import { aPositiveInteger, aText, check, checkOptional } from '@espalier/tensor/arguments';
import { aByteArray } from '../config/rules.ts';
import { FormatError } from '../errors.ts';

/** An array of bytes with its sizes. */
export interface IdxArray {
  readonly shape: Shape;
  readonly data: Uint8Array;
}

const unsignedByte = 0x08;
const headerBytes = 4;

/**
 * Reads an IDX file of unsigned bytes; `source` names it in errors. The values are not copied.
 * @throws {FormatError} with the offset where the magic number, a size or the length is wrong.
 */
export function parseIdx(bytes: Uint8Array, source = 'idx', rank?: number): IdxArray {
  check('parseIdx', 'bytes', bytes, aByteArray);
  check('parseIdx', 'source', source, aText);
  checkOptional('parseIdx', 'rank', rank, aPositiveInteger);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < headerBytes)
    throw new FormatError(
      source,
      bytes.length,
      `the file ends after ${bytes.length} bytes; an IDX header has at least ${headerBytes}`,
    );
  const magic = view.getUint32(0);
  const dimensions = magic & 0xff;
  if (magic >>> 16 !== 0 || dimensions === 0)
    throw new FormatError(
      source,
      0,
      `the magic number is 0x${magic.toString(16).padStart(8, '0')}; an IDX file of bytes starts with 0x000008 and the number of dimensions (is it still compressed?)`,
    );
  if (((magic >>> 8) & 0xff) !== unsignedByte)
    throw new FormatError(
      source,
      2,
      `the type code is 0x${((magic >>> 8) & 0xff).toString(16)}; only unsigned bytes (0x8) are read`,
    );
  if (rank !== undefined && dimensions !== rank)
    throw new FormatError(source, 3, `it has ${dimensions} dimensions; ${rank} are needed (images have 3, labels 1)`);
  const start = headerBytes + 4 * dimensions;
  if (bytes.length < start)
    throw new FormatError(source, bytes.length, `the file ends inside its header of ${start} bytes`);
  const shape = Array.from({ length: dimensions }, (_, axis) => view.getUint32(headerBytes + 4 * axis));
  const size = shape.reduce((product, length) => product * length, 1);
  if (bytes.length - start !== size)
    throw new FormatError(
      source,
      Math.min(bytes.length, start + size),
      `${shape.join(' × ')} values take ${size} bytes, but ${bytes.length - start} follow the header; the file is ${bytes.length - start < size ? 'cut short' : 'too long'}`,
    );
  return { shape, data: new Uint8Array(bytes.buffer, bytes.byteOffset + start, size) };
}
