/** The highest scores of many. */

/** Ids and their scores. */
export interface Kept {
  readonly ids: Int32Array;
  readonly values: Float64Array;
}

/** Those that are not below the `count`th highest, in the order of their ids: equals of the last stay too. */
export function likeliest(scores: Float32Array, count: number): Kept {
  const least = count < scores.length ? highest(scores, count) : -Infinity;
  const ids: number[] = [];
  for (let id = 0; id < scores.length; id++) if ((scores[id] as number) >= least) ids.push(id);
  return { ids: Int32Array.from(ids), values: Float64Array.from(ids, (id) => scores[id] as number) };
}

/** The `count`th highest: the least of a heap that holds so many. */
function highest(scores: Float32Array, count: number): number {
  const heap = scores.slice(0, count).toSorted();
  for (let id = count; id < scores.length; id++) {
    const score = scores[id] as number;
    if (score <= (heap[0] as number)) continue;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= count) break;
      const least = left + 1 < count && (heap[left + 1] as number) < (heap[left] as number) ? left + 1 : left;
      if ((heap[least] as number) >= score) break;
      heap[at] = heap[least] as number;
      at = least;
    }
    heap[at] = score;
  }
  return heap[0] as number;
}
