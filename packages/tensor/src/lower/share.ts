/**
 * Which values have the same buffer one after the other, where a device cannot bind parts of one. Source: Y. Pisarchyk and
 * J. Lee, "Efficient memory management for deep neural net inference" (2020), shared objects, greedy by size.
 */
import type { Life } from './life.ts';

/** The number of each value's buffer, by its place in the list, and the bytes of each buffer. */
export interface Sharing {
  readonly buffers: readonly number[];
  readonly sizes: readonly number[];
}

/**
 * The largest values first, so that no buffer grows: each takes the smallest that is free while it lives, of those the one that
 * is used next before or after it.
 */
export function sharing(lives: readonly Life[]): Sharing {
  const buffers = new Array<number>(lives.length).fill(-1);
  const sizes: number[] = [];
  const holders: Life[][] = [];
  const size = (at: number): number => (lives[at] as Life).bytes;
  const order = [...lives.keys()].toSorted(
    (a, b) => size(b) - size(a) || (lives[a] as Life).first - (lives[b] as Life).first,
  );
  for (const at of order) {
    const life = lives[at] as Life;
    let [chosen, nearest] = [-1, Number.POSITIVE_INFINITY];
    for (const [buffer, others] of holders.entries()) {
      const gap = gapBetween(life, others);
      if (gap <= 0) continue;
      const larger = chosen < 0 ? -1 : (sizes[buffer] as number) - (sizes[chosen] as number);
      if (larger < 0 || (larger === 0 && gap < nearest)) [chosen, nearest] = [buffer, gap];
    }
    if (chosen < 0) {
      chosen = sizes.push(life.bytes) - 1;
      holders.push([]);
    }
    holders[chosen]?.push(life);
    buffers[at] = chosen;
  }
  return { buffers, sizes };
}

/** How many kernels run at least between a value's life and any of some others; not above 0 where it lives with one of them. */
function gapBetween({ first, last }: Life, others: readonly Life[]): number {
  let gap = Number.POSITIVE_INFINITY;
  for (const other of others) gap = Math.min(gap, Math.max(other.first - last, first - other.last));
  return gap;
}
