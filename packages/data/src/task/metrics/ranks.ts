/** How well scores put examples in order. */

/**
 * The area under the ROC curve: how often an example that is one scores higher than one that is none, ties counting half. Undefined
 * where all are alike, or a score is NaN. Source: H. Mann and D. Whitney, "On a test of whether one of two random variables is stochastically larger
 * than the other", Ann. Math. Statist. 18 (1947).
 */
export function rocAuc(scores: Float64Array, isOne: (row: number) => boolean): number | undefined {
  if (scores.some(Number.isNaN)) return undefined;
  const order = Array.from(scores.keys()).toSorted((a, b) => (scores[a] as number) - (scores[b] as number));
  let [ones, rankSum] = [0, 0];
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && scores[order[end] as number] === scores[order[start] as number]) end++;
    const own = order.slice(start, end).filter(isOne).length;
    // Ranks from 1; equal scores share the middle one.
    rankSum += (own * (start + 1 + end)) / 2;
    ones += own;
    start = end;
  }
  const others = scores.length - ones;
  return ones === 0 || others === 0 ? undefined : (rankSum - (ones * (ones + 1)) / 2) / (ones * others);
}

/** The mean of what there is; undefined of nothing. */
export function meanOf(values: readonly (number | undefined)[]): number | undefined {
  const there = values.filter((value) => value !== undefined);
  return there.length === 0 ? undefined : there.reduce((sum, value) => sum + value, 0) / there.length;
}
