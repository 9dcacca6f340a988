/** Memory inside a plan: values whose lifetimes do not overlap share a buffer. */
import type { Draft } from './draft.ts';

/** Which temporary each value lives in, and how large each temporary is. */
export interface Temporaries {
  readonly placed: ReadonlyMap<number, number>;
  readonly sizes: readonly number[];
}

/**
 * Walks the kernels in order; a value takes the smallest free buffer that holds it, else the largest free one grows, else
 * a new one is made. `bytesOf` is undefined for values that live elsewhere.
 */
export function assignTemporaries(
  drafts: readonly Draft[],
  bytesOf: (position: number) => number | undefined,
): Temporaries {
  const lastUse = new Map<number, number>();
  for (const [step, { buffers }] of drafts.entries()) for (const position of buffers) lastUse.set(position, step);
  const placed = new Map<number, number>();
  const sizes: number[] = [];
  const free: number[] = [];
  for (const [step, { buffers, writes }] of drafts.entries()) {
    for (const binding of writes) {
      const position = buffers[binding] as number;
      const bytes = bytesOf(position);
      if (bytes === undefined || placed.has(position)) continue;
      placed.set(position, take(bytes));
    }
    for (const position of new Set(buffers)) {
      const buffer = placed.get(position);
      if (buffer !== undefined && lastUse.get(position) === step) free.push(buffer);
    }
  }
  return { placed, sizes };

  function take(bytes: number): number {
    const size = (buffer: number): number => sizes[buffer] as number;
    const sorted = free.toSorted((a, b) => size(a) - size(b));
    const chosen = sorted.find((buffer) => size(buffer) >= bytes) ?? sorted.at(-1);
    if (chosen === undefined) return sizes.push(bytes) - 1;
    free.splice(free.indexOf(chosen), 1);
    sizes[chosen] = Math.max(size(chosen), bytes);
    return chosen;
  }
}
