/**
 * Small integers of Parquet's pages, with counts held to what was asked for: runs of bits and of repeated values, and differences in
 * blocks. Source: "Parquet encoding definitions", Apache Parquet.
 */
import type { RangeReader } from './range-reader.ts';

/** An unsigned number of seven bits a byte. */
export function variableLength(reader: RangeReader): bigint {
  let [value, shift] = [0n, 0n];
  for (;;) {
    const byte = reader.byte();
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return value;
    shift += 7n;
    if (shift > 63n) reader.refuse('has a number of more than ten bytes');
  }
}

/** A signed number of seven bits a byte. */
function zigZag(reader: RangeReader): bigint {
  const value = variableLength(reader);
  return (value >> 1n) ^ -(value & 1n);
}

/** So many values of so many bits: runs of one value, and values one after another. */
export function readRuns(reader: RangeReader, width: number, count: number): Int32Array {
  const values = new Int32Array(count);
  if (width > 32) reader.refuse(`has values of ${width} bits`);
  let done = 0;
  while (done < count) {
    const header = variableLength(reader);
    const length = Number(header >> 1n);
    if ((header & 1n) === 0n) {
      let value = 0;
      for (const [index, byte] of reader.bytes((width + 7) >> 3).entries()) value |= byte << (8 * index);
      const end = Math.min(count, done + length);
      if (end === done) reader.refuse('has a run of nothing');
      values.fill(value, done, end);
      done = end;
      continue;
    }
    if (length === 0) reader.refuse('has a run of nothing');
    const wanted = Math.min(8 * length, count - done);
    // The last run may end with its last value rather than with its last byte.
    const bits = reader.bytes(Math.min(length * width, reader.left));
    if (bits.length * 8 < wanted * width) reader.refuse(`ends within a run of ${wanted} values`);
    for (let index = 0; index < wanted; index++) values[done++] = bitsAt(bits, index * width, width);
  }
  return values;
}

/** Some bits, from the lowest of a byte on. */
function bitsAt(bytes: Uint8Array, from: number, width: number): number {
  let value = 0;
  for (let bit = 0; bit < width; bit++) {
    const at = from + bit;
    if ((((bytes[at >> 3] as number) >> (at & 7)) & 1) === 1) value |= 1 << bit;
  }
  return value;
}

const mostMiniblocks = 1024n;

/** So many integers by their differences; they are of so many bits, and overflow as these do. */
export function readDeltas(reader: RangeReader, count: number, bits: 32 | 64): bigint[] {
  const values: bigint[] = [];
  const [blockSize, miniblocks, total] = [
    variableLength(reader),
    variableLength(reader),
    Number(variableLength(reader)),
  ];
  if (total !== count) reader.refuse(`has ${total} differences for ${count} values`);
  const size = miniblocks === 0n ? 0n : blockSize / miniblocks;
  if (miniblocks > mostMiniblocks || size === 0n || size % 32n !== 0n || size > 1_048_576n)
    reader.refuse(`has blocks of ${blockSize} values in ${miniblocks} parts`);
  let value = zigZag(reader);
  if (count > 0) values.push(BigInt.asIntN(bits, value));
  while (values.length < count) {
    const least = zigZag(reader);
    const widths = reader.bytes(Number(miniblocks)).slice();
    for (const width of widths) {
      if (values.length >= count) break;
      if (width > 64) reader.refuse(`has differences of ${width} bits`);
      const packed = reader.bytes((Number(size) * width) >> 3);
      for (let index = 0; index < Number(size) && values.length < count; index++) {
        value = BigInt.asIntN(bits, value + least + wideBitsAt(packed, index * width, width));
        values.push(value);
      }
    }
  }
  return values;
}

function wideBitsAt(bytes: Uint8Array, from: number, width: number): bigint {
  const low = BigInt(bitsAt(bytes, from, Math.min(width, 32)) >>> 0);
  return width <= 32 ? low : low | (BigInt(bitsAt(bytes, from + 32, width - 32) >>> 0) << 32n);
}
