/** Mutations that leave the length as it is, in a part of the bytes. */
import { numbers } from './dictionary.ts';
import type { Random } from './random.ts';

/** Changes a few bits, bytes and numbers from `begin` to before `end`. */
export function mutateRange(input: Uint8Array, random: Random, begin = 0, end = input.length): Uint8Array {
  const bytes = Buffer.from(input);
  if (begin >= end) return bytes;
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    const at = begin + random.below(end - begin);
    const chance = random.uniform();
    if (chance < 0.5) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    else if (chance < 0.75) bytes[at] = random.below(256);
    else {
      const word = Buffer.alloc(8);
      const value = random.pick(numbers);
      word.writeBigInt64LE(BigInt.asIntN(64, BigInt(Number.isSafeInteger(value) ? value : -1)));
      const width = random.pick([2, 4, 8]);
      const [written, start] = [word.subarray(0, width), at - (at % width)];
      if (start >= begin && start + width <= end) bytes.set(random.chance(0.8) ? written : written.toReversed(), start);
    }
  }
  return bytes;
}
