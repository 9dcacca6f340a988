/** The heap that kernels wait in while plans are made. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LeastFirst } from '../../src/lower/least-first.ts';

test('what waits is taken in the order of ranks, whatever is added between', () => {
  const anyTurns = fc.array(fc.option(fc.integer({ min: -5, max: 20 })), { maxLength: 60 });
  fc.assert(
    fc.property(anyTurns, (turns) => {
      const heap = new LeastFirst<{ readonly rank: number }>(({ rank }) => rank);
      const sorted: number[] = [];
      // null takes.
      for (const rank of turns)
        if (rank === null) expect(heap.take()?.rank).toBe(sorted.shift());
        else {
          heap.add({ rank });
          sorted.push(rank);
          sorted.sort((a, b) => a - b);
        }
      for (const rank of sorted) expect(heap.take()?.rank).toBe(rank);
      expect(heap.take()).toBeUndefined();
    }),
  );
});
