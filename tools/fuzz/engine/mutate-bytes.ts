/** Mutations of binary formats. */
import { names, numbers } from './dictionary.ts';
import type { Random } from './random.ts';

type Mutation = (bytes: Buffer, random: Random) => Buffer;

/** A part of some bytes, up to a length. */
function part(bytes: Buffer, random: Random, most: number): Buffer {
  const start = random.below(bytes.length + 1);
  return bytes.subarray(start, start + random.below(Math.min(most, bytes.length - start) + 1));
}

function splice(bytes: Buffer, start: number, removed: number, inserted: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, start), inserted, bytes.subarray(start + removed)]);
}

/** Writes over bytes, as far as they go. */
function over(bytes: Buffer, random: Random, written: Uint8Array): Buffer {
  const changed = Buffer.from(bytes);
  // Headers come first, and matter most.
  const reach = random.chance(0.5) ? Math.min(128, changed.length) : changed.length;
  changed.set(written.subarray(0, Math.max(0, changed.length)), 0);
  const start = random.below(Math.max(1, reach - written.length));
  const result = Buffer.from(bytes);
  result.set(written.subarray(0, result.length - start), start);
  return result;
}

function numberBytes(random: Random): Uint8Array {
  const buffer = Buffer.alloc(8);
  const value = random.pick(numbers);
  const width = random.pick([1, 2, 4, 8]);
  const whole = BigInt.asUintN(64, BigInt(Number.isSafeInteger(value) ? value : 0xffff_ffff));
  buffer.writeBigUInt64LE(whole);
  const bytes = buffer.subarray(0, width);
  return random.chance(0.5) ? bytes : bytes.toReversed();
}

const mutations: readonly Mutation[] = [
  // One bit.
  (bytes, random) => {
    const changed = Buffer.from(bytes);
    if (changed.length > 0) {
      const at = random.below(random.chance(0.4) ? Math.min(128, changed.length) : changed.length);
      changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
    }
    return changed;
  },
  (bytes, random) => over(bytes, random, Uint8Array.of(random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]))),
  (bytes, random) => over(bytes, random, numberBytes(random)),
  // Cut short.
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  // Without a part, with one twice, with one in another's place.
  (bytes, random) => {
    const gone = part(bytes, random, 64);
    return splice(bytes, gone.byteOffset - bytes.byteOffset, gone.length, Buffer.alloc(0));
  },
  (bytes, random) => splice(bytes, random.below(bytes.length + 1), 0, part(bytes, random, 256)),
  (bytes, random) => over(bytes, random, part(bytes, random, 64)),
  (bytes, random) => splice(bytes, random.below(bytes.length + 1), 0, Buffer.from(random.pick(names))),
  (bytes, random) => over(bytes, random, Uint8Array.of(0xc3, 0x28, 0xff)),
];

/** Bytes with a few of their bits, numbers and parts changed. */
export function mutateBytes(input: Uint8Array, random: Random): Uint8Array {
  let bytes = Buffer.from(input);
  for (let count = 1 + random.below(3); count > 0; count -= 1)
    bytes = Buffer.from(random.pick(mutations)(bytes, random));
  return bytes;
}
