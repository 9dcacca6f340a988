/** Weights by arithmetic that tools/golden/gguf_blocks.py repeats in Python. */

/** Whole numbers from 0 to 2^32 - 1, the same ones for a seed. */
export function numbers(seed: number, count: number): Uint32Array {
  const found = new Uint32Array(count);
  let state = seed;
  for (let index = 0; index < count; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    found[index] = state;
  }
  return found;
}

/** From -½ to ½. */
const fractions = (seed: number, count: number): number[] =>
  [...numbers(seed, count)].map((number) => (number >>> 8) / 2 ** 24 - 0.5);

/** Weights of several kinds, some of which no model has. */
export function kinds(count: number): Readonly<Record<string, Float32Array>> {
  const [u, v] = [fractions(1, count), fractions(2, count)];
  const groups = numbers(3, count / 32);
  const made = (weight: (u: number, v: number, group: number, index: number) => number): Float32Array =>
    Float32Array.from(u, (one, index) => weight(one, v[index] as number, (groups[index >> 5] as number) >>> 16, index));
  return {
    uniform: made((one) => one),
    bell: made((one, other) => one * other * 4),
    positive: made((one) => one + 1),
    sparse: made((one, other) => (other > 0.3 ? one : 0)),
    'empty groups': made((one, _, group) => (group % 3 === 0 ? one : 0)),
    'equal groups': made((_one, _other, _group, index) => u[index & ~31] as number),
    exponents: made((one, _, group) => one * 2 ** ((group % 36) - 20)),
    tiny: made((one, _, group) => one * 2 ** ((group % 50) - 145)),
    huge: made((one, _, group) => one * 2 ** (group % 16)),
    coarse: made((one) => Math.floor(one * 8)),
  };
}
