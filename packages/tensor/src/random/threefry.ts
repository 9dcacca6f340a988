/**
 * Threefry-2x32-20, a counter-based generator: random bits are a pure function of (key, counter), so that any element of
 * any draw can be computed anywhere, in any order, with the same result on every device.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */
import * as s from '../scalar/expression.ts';
import type { Expression } from '../scalar/expression.ts';

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const parity = 0x1bd11bda;
const rounds = 20;

const rotateLeft = (a: Expression, by: number): Expression => s.or(s.shl(a, by), s.shr(a, 32 - by));

/** Both output words for a key and a counter, all u32. */
export function threefry(
  key: readonly [Expression, Expression],
  counter: readonly [Expression, Expression],
): readonly [Expression, Expression] {
  const schedule = [key[0], key[1], s.xor(s.xor(key[0], key[1]), parity)] as const;
  let x0 = s.add(counter[0], schedule[0]);
  let x1 = s.add(counter[1], schedule[1]);
  for (let round = 0; round < rounds; round++) {
    x0 = s.add(x0, x1);
    x1 = s.xor(rotateLeft(x1, rotations[round % 8] as number), x0);
    if (round % 4 !== 3) continue;
    const injection = (round + 1) / 4;
    x0 = s.add(x0, schedule[injection % 3] as Expression);
    x1 = s.add(s.add(x1, schedule[(injection + 1) % 3] as Expression), injection);
  }
  return [x0, x1];
}
