/** Zip files taken apart and put together again, so that mutants differ in what is packed while every size and checksum holds. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { crc32 } from '@espalier/nn/format';
import { mutateBytes } from './mutate-bytes.ts';
import { names } from './dictionary.ts';
import type { Random } from './random.ts';

/** A part of a zip file, unpacked. */
interface Entry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly isDeflated: boolean;
}

const endBytes = 22;

/** The entries of a whole zip file that begins with the first of them, without a comment. */
export function entriesOf(zip: Uint8Array): readonly Entry[] {
  const bytes = Buffer.from(zip.buffer, zip.byteOffset, zip.byteLength);
  const end = bytes.lastIndexOf('PK\u0005\u0006');
  let at = bytes.readUInt32LE(end + 16);
  return Array.from({ length: bytes.readUInt16LE(end + 10) }, () => {
    const [isDeflated, packed] = [bytes.readUInt16LE(at + 10) === 8, bytes.readUInt32LE(at + 20)];
    const [length, extra, comment] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field)) as [number, number, number]; // prettier-ignore
    const name = bytes.toString('latin1', at + 46, at + 46 + length);
    const header = bytes.readUInt32LE(at + 42);
    const begin = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
    const own = bytes.subarray(begin, begin + packed);
    at += 46 + length + extra + comment;
    return { name, bytes: isDeflated ? inflateRawSync(own) : own, isDeflated };
  });
}

/** A header of an entry: that before its bytes, or that in the directory. */
function headerOf({ name, bytes, isDeflated }: Entry, packed: number, offset?: number): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(isDeflated ? 8 : 0, 4);
  fields.writeUInt32LE(crc32(bytes), 10);
  fields.writeUInt32LE(packed, 14);
  fields.writeUInt32LE(bytes.length, 18);
  fields.writeUInt16LE(name.length, 22);
  const own = Buffer.from(name, 'latin1');
  if (offset === undefined) return Buffer.concat([Buffer.from('PK\u0003\u0004'), fields, own]);
  const place = Buffer.alloc(14);
  place.writeUInt32LE(offset, 10);
  return Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\u0000'), fields, place, own]);
}

/** A zip file of entries. */
export function zipOf(entries: readonly Entry[]): Uint8Array {
  const [parts, directory]: [Uint8Array[], Uint8Array[]] = [[], []];
  let at = 0;
  for (const entry of entries) {
    const packed = entry.isDeflated ? deflateRawSync(entry.bytes) : entry.bytes;
    directory.push(headerOf(entry, packed.length, at));
    const header = headerOf(entry, packed.length);
    parts.push(header, packed);
    at += header.length + packed.length;
  }
  const end = Buffer.alloc(endBytes);
  end.write('PK\u0005\u0006');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.reduce((sum, { length }) => sum + length, 0), 12); // prettier-ignore
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

/** Changes one entry in what is packed; now and then in how it is packed or called, or takes it away. */
export function mutateZip(
  input: Uint8Array,
  random: Random,
  mutate: (bytes: Uint8Array, random: Random, name: string) => Uint8Array = mutateBytes,
): Uint8Array {
  const entries = [...entriesOf(input)];
  const at = random.below(entries.length);
  const entry = entries[at];
  if (!entry) return input;
  const { name, bytes, isDeflated } = entry;
  const chance = random.uniform();
  if (chance < 0.04) entries.splice(at, 1);
  else if (chance < 0.08) entries[at] = { name: random.pick([...names, `${name}x`]), bytes, isDeflated };
  else if (chance < 0.2) entries[at] = { name, bytes, isDeflated: !isDeflated };
  else entries[at] = { name, bytes: mutate(bytes, random, name), isDeflated: isDeflated || random.chance(0.2) };
  return zipOf(entries);
}
