/** k-means of numbers: a few values that stand for many with little squared error. */

/** Different values in ascending order, with running sums over them: [i] is of those before value i. */
interface Sorted {
  readonly values: Float64Array;
  readonly counts: Float64Array;
  readonly sums: Float64Array;
}

/**
 * Where k-means begins. `exact`: nowhere, the best clusters there are are found, where that takes no more than some ten millions
 * of steps, else the better of the next two; `density`: at quantiles of the different numbers; `linear`: at levels at equal
 * distances; `random`: at numbers drawn alike; `k-means++`: at numbers drawn by their squared distance from those before.
 */
export type ClusterStart = 'exact' | 'density' | 'linear' | 'random' | 'k-means++';

/** The names of the starts. */
export const clusterStarts: readonly ClusterStart[] = ['exact', 'density', 'linear', 'random', 'k-means++'];

/** More rounds than numbers need to settle; each one lowers the error. */
const mostRounds = 300;

/** Different numbers times centres up to which the best clusters are looked for. */
const mostCells = 2 ** 21;

/**
 * `count` ascending f32 values for finite numbers, with little Σ (number - nearest)²: by a start and Lloyd's algorithm (S. P.
 * Lloyd, Least squares quantization in PCM, 1982), or exactly. Fewer different numbers stand for themselves, the last of them as
 * often as it takes. Zeros where there are no numbers. What is drawn is by `random`, from 0 up to 1; for its lack, the middle.
 */
export function centresOf(
  numbers: Float32Array,
  count: number,
  start: ClusterStart = 'exact',
  random: () => number = () => 0.5,
): Float32Array<ArrayBuffer> {
  const sorted = sortedOnce(numbers);
  const { values } = sorted;
  const last = values.length - 1;
  if (values.length <= count) return Float32Array.from({ length: count }, (_, at) => values[Math.min(at, last)] ?? 0);
  if (start === 'exact' && values.length * count <= mostCells) return ascending(bestCentres(sorted, count));
  const settled = (start === 'exact' ? (['density', 'linear'] as const) : [start]).map((each) => {
    const centres = ascending(lloyd(sorted, starts[each](sorted, count, random)));
    return { centres, error: errorOf(sorted, centres) };
  });
  return settled.reduce((best, other) => (other.error < best.error ? other : best)).centres;
}

/** As f32. Means come from differences of running sums, so that of numbers next to each other they may change places. */
const ascending = (centres: Float64Array): Float32Array<ArrayBuffer> => Float32Array.from(centres).toSorted();

const starts: Readonly<
  Record<Exclude<ClusterStart, 'exact'>, (sorted: Sorted, count: number, random: () => number) => Float64Array>
> = {
  density: ({ values }, count) =>
    Float64Array.from({ length: count }, (_, level) => valueAt(values, (level + 0.5) / count)),
  linear: ({ values }, count) => {
    const [least, largest] = [values[0] as number, values.at(-1) as number];
    return Float64Array.from(
      { length: count },
      (_, level) => least + ((largest - least) * level) / Math.max(1, count - 1),
    );
  },
  random: ({ counts, values }, count, random) =>
    Float64Array.from({ length: count }, () => values[indexOf(counts, random())] as number).toSorted(),
  'k-means++': ({ values, counts }, count, random) => {
    const centres = [values[indexOf(counts, random())] as number];
    const distances = new Float64Array(values.length).fill(Infinity);
    while (centres.length < count) {
      const running = new Float64Array(values.length + 1);
      for (const [at, value] of values.entries()) {
        distances[at] = Math.min(distances[at] as number, (value - (centres.at(-1) as number)) ** 2);
        const weight = (counts[at + 1] as number) - (counts[at] as number);
        running[at + 1] = (running[at] as number) + weight * distances[at];
      }
      centres.push(values[indexOf(running, random())] as number);
    }
    return Float64Array.from(centres).toSorted();
  },
};

const valueAt = (values: Float64Array, share: number): number =>
  values[Math.min(values.length - 1, Math.floor(share * values.length))] as number;

/** Which of some shares, given as running sums that begin with 0, a share of their whole falls into. */
function indexOf(running: Float64Array, share: number): number {
  const target = share * (running.at(-1) as number);
  let [low, high] = [0, running.length - 2];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((running[middle + 1] as number) > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The centres of least error there are: the best end of the last of k clusters never moves back as numbers are added, so that
 * halving finds all of them. Sources: H. Wang and M. Song, "Ckmeans.1d.dp: optimal k-means clustering in one dimension by
 * dynamic programming", 2011; A. Grønlund et al., "Fast exact k-means, k-medians and Bregman divergence clustering in 1D", 2017.
 */
function bestCentres(sorted: Sorted, count: number): Float64Array {
  const { values, counts, sums } = sorted;
  const size = values.length;
  const centre = (sums[size] as number) / (counts[size] as number);
  // Sums of what is left when the mean is taken off, which do not drown in it.
  const [first, second] = [new Float64Array(size + 1), new Float64Array(size + 1)];
  for (const [at, value] of values.entries()) {
    const weight = (counts[at + 1] as number) - (counts[at] as number);
    first[at + 1] = (first[at] as number) + weight * (value - centre);
    second[at + 1] = (second[at] as number) + weight * (value - centre) ** 2;
  }
  const error = (begin: number, end: number): number => {
    const weight = (counts[end] as number) - (counts[begin] as number);
    const sum = (first[end] as number) - (first[begin] as number);
    return Math.max(0, (second[end] as number) - (second[begin] as number) - (sum * sum) / weight);
  };
  let least = Float64Array.from({ length: size + 1 }, (_, end) => (end === 0 ? 0 : error(0, end)));
  const begins: Int32Array[] = [];
  for (let clusters = 2; clusters <= count; clusters++) {
    const before = least;
    const now = new Float64Array(size + 1).fill(Infinity);
    const begin = new Int32Array(size + 1);
    const solve = (low: number, high: number, from: number, to: number): void => {
      if (low > high) return;
      const end = (low + high) >> 1;
      for (let start = Math.max(from, clusters - 1); start <= Math.min(to, end - 1); start++) {
        const found = (before[start] as number) + error(start, end);
        if (found >= (now[end] as number)) continue;
        now[end] = found;
        begin[end] = start;
      }
      solve(low, end - 1, from, begin[end] as number);
      solve(end + 1, high, begin[end] as number, to);
    };
    solve(clusters, size, clusters - 1, size - 1);
    least = now;
    begins.push(begin);
  }
  const centres = new Float64Array(count);
  for (let cluster = count - 1, end = size; cluster >= 0; cluster--) {
    const begin = cluster === 0 ? 0 : ((begins[cluster - 1] as Int32Array)[end] as number);
    centres[cluster] = mean(sorted, begin, end) as number;
    end = begin;
  }
  return centres;
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
