/** Mutants by number: any of them can be made again from reader and seed. */
import { mutateBytes } from './mutate-bytes.ts';
import { mutateJson } from './mutate-json.ts';
import { mutateText } from './mutate-text.ts';
import { Random } from './random.ts';
import type { InputKind, Reader } from './reader.ts';

const byKind: Readonly<
  Record<InputKind, (input: Uint8Array, random: Random, words?: readonly string[]) => Uint8Array>
> = { bytes: mutateBytes, text: mutateText, json: mutateJson };

/** Bytes of an input that is taken less often. */
const large = 1 << 15;

/** The mutant of a number: a function of that, of the reader and of the seed. */
export function mutantOf(
  { name, mutate, mend, words }: Reader,
  seeds: readonly Uint8Array[],
  seed: number,
  index: number,
  folder: string,
): Uint8Array {
  const random = new Random(`${name} ${seed} ${index}`);
  // Large ones show how much memory is taken for a byte, and take long.
  const usual = seeds.filter(({ length }) => length <= large);
  const input = random.pick(usual.length === 0 || random.chance(0.04) ? seeds : usual);
  const mutant = typeof mutate === 'string' ? byKind[mutate](input, random, words) : mutate(input, random, folder);
  return mend !== undefined && random.chance(0.8) ? mend(mutant, random) : mutant;
}
