/** k-means of numbers: a few values that stand for many with little squared error. */

/** Different values in ascending order, with running sums over them: [i] is of those before value i. */
interface Sorted {
  readonly values: Float64Array;
  readonly counts: Float64Array;
  readonly sums: Float64Array;
}

/** More rounds than numbers need to settle; each one lowers the error. */
const mostRounds = 300;

/**
 * `count` ascending f32 values for finite numbers: Lloyd's algorithm (S. P. Lloyd, Least squares quantization in PCM, 1982)
 * from the quantiles of the different numbers, and from levels at equal distances; the better of both. Fewer different
 * numbers stand for themselves, the last of them as often as it takes. Zeros where there are no numbers.
 */
export function centresOf(numbers: Float32Array, count: number): Float32Array<ArrayBuffer> {
  const sorted = sortedOnce(numbers);
  const { values } = sorted;
  const last = values.length - 1;
  if (values.length <= count) return Float32Array.from({ length: count }, (_, at) => values[Math.min(at, last)] ?? 0);
  const at = (share: number): number => values[Math.min(last, Math.floor(share * values.length))] as number;
  const [least, largest] = [values[0] as number, values[last] as number];
  const starts = [
    Float64Array.from({ length: count }, (_, level) => at((level + 0.5) / count)),
    Float64Array.from({ length: count }, (_, level) => least + ((largest - least) * level) / (count - 1)),
  ];
  const settled = starts.map((start) => {
    const centres = Float32Array.from(lloyd(sorted, start));
    return { centres, error: errorOf(sorted, centres) };
  });
  return settled.reduce((best, other) => (other.error < best.error ? other : best)).centres;
}

/** The position of the nearest of ascending centres: of two as near, the first. */
export function nearest(centres: ArrayLike<number>, value: number): number {
  let [low, high] = [0, centres.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= boundary(centres, middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The largest value that belongs to a centre rather than to the next. */
const boundary = (centres: ArrayLike<number>, at: number): number =>
  ((centres[at] as number) + (centres[at + 1] as number)) / 2;

function sortedOnce(numbers: Float32Array): Sorted {
  const sorted = numbers.toSorted();
  const values = new Float64Array(sorted.length);
  const [counts, sums] = [new Float64Array(sorted.length + 1), new Float64Array(sorted.length + 1)];
  let found = 0;
  let begin = 0;
  for (let index = 1; index <= sorted.length; index++) {
    if (sorted[index] === sorted[begin]) continue;
    // -0 is 0.
    const value = (sorted[begin] as number) + 0;
    values[found] = value;
    counts[found + 1] = index;
    sums[found + 1] = (sums[found] as number) + value * (index - begin);
    found++;
    begin = index;
  }
  return {
    values: values.subarray(0, found),
    counts: counts.subarray(0, found + 1),
    sums: sums.subarray(0, found + 1),
  };
}

/** Moves each centre to the mean of what is nearest to it until nothing changes; one to which nothing is stays. */
function lloyd(sorted: Sorted, start: Float64Array): Float64Array {
  let centres = start;
  let ends: readonly number[] = [];
  for (let round = 0; round < mostRounds; round++) {
    const next = endsOf(sorted, centres);
    if (next.every((end, at) => end === ends[at])) break;
    ends = next;
    centres = centres.map((centre, at) => mean(sorted, next[at - 1] ?? 0, next[at] as number) ?? centre);
  }
  return centres;
}

/** How many of the values belong to each centre or to one before it. */
function endsOf({ values }: Sorted, centres: Float32Array | Float64Array): number[] {
  return Array.from({ length: centres.length }, (_, at) => {
    if (at === centres.length - 1) return values.length;
    const limit = boundary(centres, at);
    let [low, high] = [0, values.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[middle] as number) <= limit) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}

function mean({ counts, sums }: Sorted, begin: number, end: number): number | undefined {
  const count = (counts[end] as number) - (counts[begin] as number);
  return count > 0 ? ((sums[end] as number) - (sums[begin] as number)) / count : undefined;
}

function errorOf(sorted: Sorted, centres: Float32Array): number {
  const { values, counts } = sorted;
  let [error, at] = [0, 0];
  for (const [which, end] of endsOf(sorted, centres).entries())
    for (const centre = centres[which] as number; at < end; at++)
      error += ((counts[at + 1] as number) - (counts[at] as number)) * ((values[at] as number) - centre) ** 2;
  return error;
}
