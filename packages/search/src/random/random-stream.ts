/** Random numbers that are named rather than consumed in turn, which is why the number of workers changes no trial. */
import { quote } from '../checked/quote.ts';
import { ValueError } from '../errors.ts';
import { hashText, type Hash } from './hash.ts';
import { philox4x32, type Counter } from './philox.ts';

const twoTo26 = 2 ** 26;
const twoTo32 = 2 ** 32;
const twoTo53 = 2 ** 53;

/**
 * A stream of random numbers named by (study seed, trial number, path). The n-th draw of a stream is a function
 * of those three and n alone: what other trials, workers or streams drew does not matter.
 *
 * The Philox key is the seed; the counter is (block, trial number, hash of the path).
 */
export class RandomStream {
  readonly seed: number;
  readonly trial: number;
  /** The stream's name; parts are joined by `/`. Empty for the trial's root stream. */
  readonly path: string;
  /** The hash of the path, once it is asked for. */
  #name: Hash | undefined;
  #words: Counter = [0, 0, 0, 0];
  #block = 0;
  #used = 4;

  /**
   * @param seed an integer in [0, 2^53)
   * @param trial an integer in [0, 2^32)
   */
  constructor(seed: number, trial: number, path = '') {
    this.seed = seed;
    this.trial = trial;
    this.path = path;
  }

  /** The stream of that name below this one, from its first draw, whatever was drawn here. */
  at(name: string): RandomStream {
    if (this.path === '') return new RandomStream(this.seed, this.trial, name);
    const part = `/${name}`;
    const below = new RandomStream(this.seed, this.trial, this.path + part);
    below.#name = hashText(part, (this.#name ??= hashText(this.path)));
    return below;
  }

  /** A uniform integer in [0, 2^32). */
  uint32(): number {
    if (this.#used === 4) {
      const [low, high] = (this.#name ??= hashText(this.path));
      this.#words = philox4x32(
        [this.#block, this.trial, low, high],
        [this.seed >>> 0, Math.floor(this.seed / twoTo32)],
      );
      this.#block += 1;
      this.#used = 0;
    }
    const word = this.#words[this.#used] ?? 0;
    this.#used += 1;
    return word;
  }

  /** A uniform number in [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * twoTo26 + low) / twoTo53;
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /**
   * A uniform integer in [0, count), exactly uniform: draws from the last, incomplete cycle are thrown away.
   * @throws {ValueError} when the count is not a whole number from 1 to 2^32.
   */
  below(count: number): number {
    if (!(Number.isInteger(count) && count >= 1 && count <= twoTo32)) {
      throw new ValueError(`below: the count is ${quote(count)}: give a whole number from 1 to 2^32`);
    }
    const limit = twoTo32 - (twoTo32 % count);
    let word = this.uint32();
    while (word >= limit) word = this.uint32();
    return word % count;
  }

  /** One of the items, each as likely; undefined when there are none. */
  pick<T>(items: readonly T[]): T | undefined {
    return items.length === 0 ? undefined : items[this.below(items.length)];
  }
}
