/** PNG files taken apart and put together again, so that mutants differ in what chunks hold while every length and checksum holds. */
import { deflateSync, inflateSync } from 'node:zlib';
import { crc32 } from '@espalier/nn/format';
import { numbers } from './dictionary.ts';
import { mutateBytes } from './mutate-bytes.ts';
import type { Random } from './random.ts';

interface Chunk {
  readonly type: string;
  readonly bytes: Uint8Array;
}

const markBytes = 8;

/** The chunks of a whole PNG, the values in one. */
function chunksOf(png: Uint8Array): readonly Chunk[] {
  const bytes = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  const chunks: Chunk[] = [];
  for (let at = markBytes; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    const chunk = { type: bytes.toString('latin1', at + 4, at + 8), bytes: bytes.subarray(at + 8, at + 8 + length) };
    const before = chunks.at(-1);
    if (before?.type === 'IDAT' && chunk.type === 'IDAT')
      chunks[chunks.length - 1] = { type: 'IDAT', bytes: Buffer.concat([before.bytes, chunk.bytes]) };
    else chunks.push(chunk);
    at += length + 12;
  }
  return chunks;
}

function pngOf(mark: Uint8Array, chunks: readonly Chunk[]): Uint8Array {
  const parts = chunks.flatMap(({ type, bytes }) => {
    const own = Buffer.concat([Buffer.from(type, 'latin1'), bytes]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(bytes.length);
    sum.writeUInt32BE(crc32(own));
    return [length, own, sum];
  });
  return Buffer.concat([mark, ...parts]);
}

/** The sizes, or how values lie: by numbers that may be there as by those that may not. */
function mutateHeader(bytes: Uint8Array, random: Random): Uint8Array {
  const changed = Buffer.from(bytes);
  const field = random.below(7);
  if (field < 2)
    changed.writeUInt32BE(random.chance(0.5) ? random.below(40) : random.pick(numbers) >>> 0, 4 * field); // prettier-ignore
  else changed[6 + field] = random.pick([0, 1, 2, 3, 4, 6, 8, 16, random.below(256)]);
  return changed;
}

/** A PNG of which one chunk has changed, or its place has. */
export function mutatePng(input: Uint8Array, random: Random): Uint8Array {
  const chunks = [...chunksOf(input)];
  const at = random.below(chunks.length);
  const chunk = chunks[at];
  if (!chunk) return input;
  const { type, bytes } = chunk;
  const chance = random.uniform();
  if (chance < 0.05) chunks.splice(at, 1);
  else if (chance < 0.15) chunks.splice(random.below(chunks.length), 0, { type, bytes });
  else if (type === 'IHDR') chunks[at] = { type, bytes: mutateHeader(bytes, random) };
  else if (type === 'IDAT' && chance < 0.7)
    chunks[at] = { type, bytes: deflateSync(mutateBytes(inflateSync(bytes), random), { level: 1 }) }; // prettier-ignore
  else chunks[at] = { type, bytes: mutateBytes(bytes, random) };
  return pngOf(input.subarray(0, markBytes), chunks);
}
