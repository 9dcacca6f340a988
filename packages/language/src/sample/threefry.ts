/**
 * Random numbers of the engine, where there is no tensor: Threefry-2x32-20 of a seed, a draw and an index, so that a text is the
 * same on every device. Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const parity = 0x1bd11bda;

/** Both words of 32 bits, of which the first is what `randomBits` has for the index of that draw of a generator. */
export function threefryWords(seed: number, draw: number, index: number): readonly [number, number] {
  const key = [seed | 0, Math.floor(seed / 2 ** 32) | 0];
  const schedule = [key[0] as number, key[1] as number, (key[0] as number) ^ (key[1] as number) ^ parity];
  let a = (draw + (schedule[0] as number)) | 0;
  let b = (index + (schedule[1] as number)) | 0;
  for (let round = 0; round < 20; round++) {
    const by = rotations[round % 8] as number;
    a = (a + b) | 0;
    b = ((b << by) | (b >>> (32 - by))) ^ a;
    if (round % 4 !== 3) continue;
    const injection = (round + 1) / 4;
    a = (a + (schedule[injection % 3] as number)) | 0;
    b = (b + (schedule[(injection + 1) % 3] as number) + injection) | 0;
  }
  return [a >>> 0, b >>> 0];
}

/** Uniform on [0, 1), with 53 bits. */
export function uniformAt(seed: number, draw: number, index: number): number {
  const [high, low] = threefryWords(seed, draw, index);
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) * 2 ** -53;
}
