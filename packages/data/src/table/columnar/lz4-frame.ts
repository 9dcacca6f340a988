/**
 * LZ4 frames unpacked, as Arrow files have them. Checksums are not looked at. Source: Y. Collet, "LZ4 frame format" and "LZ4 block
 * format".
 */
import { FormatError } from '@espalier/nn';
import { RangeReader } from './range-reader.ts';

const magic = 0x184d2204;

/** A length that goes on in bytes while they are 255. */
function longer(reader: RangeReader, length: number): number {
  let [total, byte] = [length, 255];
  while (byte === 255) total += byte = reader.byte();
  return total;
}

/** One block: literals and copies of what was written before; gives where the output ends then. */
function block(reader: RangeReader, end: number, output: Uint8Array, from: number): number {
  let at = from;
  const room = (length: number): void => {
    if (at + length > output.length) reader.refuse(`a block unpacks to more than ${output.length} bytes`);
  };
  while (reader.at < end) {
    const token = reader.byte();
    const literals = token >> 4 === 15 ? longer(reader, 15) : token >> 4;
    room(literals);
    output.set(reader.bytes(literals), at);
    at += literals;
    if (reader.at >= end) break;
    const distance = reader.byte() + 256 * reader.byte();
    const length = 4 + ((token & 15) === 15 ? longer(reader, 15) : token & 15);
    room(length);
    if (distance === 0 || distance > at) reader.refuse(`a copy from ${distance} bytes before, of ${at}`);
    for (let index = 0; index < length; index++, at++) output[at] = output[at - distance] as number;
  }
  return at;
}

/**
 * Unpacks a frame to so many bytes.
 * @throws {FormatError} with the offset in the frame, for one that is damaged.
 */
export function unpackLz4Frame(bytes: Uint8Array, length: number): Uint8Array {
  if (!(length >= 0 && length <= 256 * bytes.length + 65_536))
    throw new FormatError('LZ4 frame', 0, `${bytes.length} bytes do not unpack to ${length}`);
  const reader = new RangeReader('LZ4 frame', bytes);
  const output = new Uint8Array(length);
  if (reader.u32() !== magic) reader.refuse('is no LZ4 frame');
  const flags = reader.byte();
  // The size of blocks, then the size of the content, a dictionary's name, and the checksum of this header.
  reader.bytes(1 + ((flags & 8) === 0 ? 0 : 8) + ((flags & 1) === 0 ? 0 : 4) + 1);
  let at = 0;
  for (;;) {
    const size = reader.u32();
    if (size === 0) break;
    const packed = size & 0x7fff_ffff;
    if (size >>> 31 === 1) {
      const plain = reader.bytes(packed);
      if (at + packed > length) reader.refuse(`a block unpacks to more than ${length} bytes`);
      output.set(plain, at);
      at += packed;
    } else at = block(reader, reader.at + packed, output, at);
    if ((flags & 16) !== 0) reader.bytes(4);
  }
  if (at !== length) reader.refuse(`unpacks to ${at} bytes, not ${length}`);
  return output;
}
