/** How many different elements accesses of one buffer reach together: what has to move at least, however often it is read. */

/** Where a walk goes: from an offset, so many steps of each stride. */
export interface Walk {
  readonly offset: number;
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
}

/** So many elements, a stride apart. */
interface Run {
  readonly stride: number;
  readonly count: number;
}

/** Elements from the lowest on: `runs` by strides that grow, none of which reaches into the next. */
interface Reached {
  readonly low: number;
  readonly runs: readonly Run[];
}

/** A rectangle of a lattice: along each of its strides from a place on, so many. */
type Box = readonly { readonly from: number; readonly count: number }[];

/** More cells than this are not counted one by one. */
const mostCells = 1 << 14;

const countOf = ({ runs }: Reached): number => runs.reduce((product, { count }) => product * count, 1);
const highOf = ({ low, runs }: Reached): number =>
  runs.reduce((sum, { stride, count }) => sum + stride * (count - 1), low);

/** What a walk reaches; of steps that neither continue others nor lie beyond them the longer: fewer than there are, never more. */
function reachedBy({ offset, sizes, strides }: Walk): Reached {
  let low = offset;
  const moves: Run[] = [];
  for (const [dim, count] of sizes.entries()) {
    const stride = strides[dim] ?? 0;
    if (stride === 0 || count === 1) continue;
    if (stride < 0) low += stride * (count - 1);
    moves.push({ stride: Math.abs(stride), count });
  }
  moves.sort((a, b) => a.stride - b.stride);
  const runs: Run[] = [];
  let span = 0;
  for (const { stride, count } of moves) {
    const last = runs.at(-1);
    if (last && stride % last.stride === 0 && stride / last.stride <= last.count) {
      runs[runs.length - 1] = { stride: last.stride, count: last.count + ((count - 1) * stride) / last.stride };
    } else if (stride > span) runs.push({ stride, count });
    else if (runs.length === 1 && last && count > last.count) runs[0] = { stride, count };
    else continue;
    span = runs.reduce((sum, run) => sum + run.stride * (run.count - 1), 0);
  }
  return { low, runs };
}

/** What is reached as a rectangle over strides each of which divides the next; undefined where it is none. */
function boxOf({ low, runs }: Reached, strides: readonly number[]): Box | undefined {
  const from: number[] = [];
  let rest = low;
  for (let at = strides.length - 1; at >= 0; at--) {
    const stride = strides[at] as number;
    from[at] = Math.floor(rest / stride);
    rest -= (from[at] as number) * stride;
  }
  const counts = strides.map((stride) => runs.find((run) => run.stride === stride)?.count ?? 1);
  for (let at = 0; at < strides.length - 1; at++) {
    const places = (strides[at + 1] as number) / (strides[at] as number);
    const count = counts[at] as number;
    if ((from[at] as number) + count <= places) continue;
    if (from[at] !== 0 || count % places !== 0 || counts[at + 1] !== 1) return undefined;
    counts[at] = places;
    counts[at + 1] = count / places;
  }
  return [
    { from: rest, count: 1 },
    ...strides.map((_, at) => ({ from: from[at] as number, count: counts[at] as number })),
  ];
}

/** The places of rectangles together; undefined where there are too many to count. */
function unionOf(boxes: readonly Box[]): number | undefined {
  const dims = (boxes[0] as Box).length;
  const edges = Array.from({ length: dims }, (_, dim) => {
    const all = boxes.flatMap((box) => {
      const { from, count } = box[dim] as Box[number];
      return [from, from + count];
    });
    return [...new Set(all)].toSorted((a, b) => a - b);
  });
  const cells = edges.reduce((product, list) => product * (list.length - 1), 1);
  if (cells * boxes.length > mostCells) return undefined;
  let sum = 0;
  for (let cell = 0; cell < cells; cell++) {
    let [rest, volume] = [cell, 1];
    const at = edges.map((list) => {
      const place = rest % (list.length - 1);
      rest = Math.floor(rest / (list.length - 1));
      volume *= (list[place + 1] as number) - (list[place] as number);
      return list[place] as number;
    });
    const isInside = (box: Box): boolean =>
      box.every(({ from, count }, dim) => (at[dim] as number) >= from && (at[dim] as number) < from + count);
    if (boxes.some(isInside)) sum += volume;
  }
  return sum;
}

/** What several reach together: exactly where they are rectangles of one lattice or lie apart, else the most that one of them does. */
function together(reached: readonly Reached[]): number {
  const [first, ...others] = reached;
  if (!first) return 0;
  if (others.length === 0) return countOf(first);
  const strides = [...new Set(reached.flatMap(({ runs }) => runs.map(({ stride }) => stride)))].toSorted(
    (a, b) => a - b,
  );
  const divide = strides.every((stride, at) => at === 0 || stride % (strides[at - 1] as number) === 0);
  const boxes = divide ? reached.map((each) => boxOf(each, strides)) : [];
  if (boxes.length > 0 && boxes.every((box) => box !== undefined)) {
    const exact = unionOf(boxes);
    if (exact !== undefined) return exact;
  }
  const sorted = reached.toSorted((a, b) => a.low - b.low);
  let [sum, most, high] = [0, 0, -Infinity];
  for (const each of sorted) {
    if (each.low > high) {
      sum += most;
      most = 0;
    }
    most = Math.max(most, countOf(each));
    high = Math.max(high, highOf(each));
  }
  return sum + most;
}

/**
 * The different elements that walks over one buffer reach: exactly, or fewer where they cross in ways that no rectangles of a
 * lattice have. A walk with a size of 0 reaches none.
 */
export function distinctElements(walks: readonly Walk[]): number {
  const known = new Map<string, Reached>();
  for (const walk of walks) {
    if (walk.sizes.includes(0)) continue;
    const reached = reachedBy(walk);
    known.set(JSON.stringify(reached), reached);
  }
  return together([...known.values()]);
}
