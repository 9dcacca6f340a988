/** What is reached without a network on a table that is streamed: by what all training rows show, and linearly by the sample of them. */
import { heldBaselines, type Target } from '@espalier/data';
import type { Judgement } from '../../data/judgement.ts';
import type { Learnt } from './learnt.ts';
import { countsOf } from './target-counts.ts';

/**
 * The shares of all training rows, or of numbers their mean, which is 0 of what is standardized; and a linear model of the sample that
 * candidates were tried on, which memory holds.
 */
export async function streamBaselines({
  preparation,
  target,
  counts,
  held,
}: Learnt & { readonly target: Target }): Promise<readonly Judgement[]> {
  const { sample, judge } = held;
  const [learnt, judged] = await Promise.all(
    [sample, judge].map(async ({ dataset, targets }) => {
      const { x, y } = await dataset.batch(Array.from({ length: dataset.size }, (_, index) => index));
      const inputs = await x.data();
      for (const tensor of [x, y]) tensor.dispose();
      return { inputs, targets, rows: dataset.size };
    }),
  );
  if (!learnt || !judged) return [];
  const seen = countsOf(target, counts);
  const total = target.as === 'classes' ? seen?.reduce((sum, count) => sum + count, 0) : rowsOf(target, counts);
  const shares =
    seen?.map((count) => count / Math.max(1, total ?? 0)) ?? new Array<number>(preparation.outputs).fill(0);
  return heldBaselines(target, shares, learnt, judged).map((each) => ({ ...each, intervals: {} }));
}

/** How many rows there were, of labels. */
function rowsOf(target: Target, counts: Learnt['counts']): number {
  const [first = ''] = target.as === 'classes' ? [target.column] : target.columns;
  return Object.values(counts[first] ?? {}).reduce((sum, count) => sum + count, 0);
}
