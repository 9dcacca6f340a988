/**
 * Where values of different sizes and lifetimes lie in one buffer that is as short as possible. Source: Y. Pisarchyk and
 * J. Lee, "Efficient memory management for deep neural net inference" (2020), greedy by size.
 */
import type { Life } from './life.ts';

/** A buffer so much longer than what lives in it at once is looked at again. */
const goodEnough = 1.02;

/** What is spent on looking again: comparisons of two values, about, and packings. */
const mostWork = 4e6;
const mostTries = 100;

/**
 * The offset of each value, by its place in the list: no two that live at the same time overlap. `alive` is the largest sum of
 * values that do, below which no buffer can be.
 */
export function packed(lives: readonly Life[], alive: number): Float64Array {
  const { bytes, first, last } = columnsOf(lives);
  const size = (at: number): number => bytes[at] as number;
  const length = (at: number): number => (last[at] as number) - (first[at] as number) + 1;
  const bySize = (a: number, b: number): number => size(b) - size(a) || (first[a] as number) - (first[b] as number);
  const places = [...lives.keys()];
  const place = (order: readonly number[]): Packing => {
    const offsets = placedInTurn(order, bytes, first, last);
    return { order, offsets, end: endOf(offsets, bytes) };
  };
  let best = place(places.toSorted(bySize));
  let left = Math.min(mostTries, mostWork / (lives.length * lives.length));
  const isGood = (): boolean => best.end <= goodEnough * alive || left < 1;
  const look = (order: readonly number[]): void => {
    if (isGood()) return;
    left--;
    const other = place(order);
    if (other.end < best.end) best = other;
  };
  look(places.toSorted((a, b) => size(b) * length(b) - size(a) * length(a) || bySize(a, b)));
  look(places.toSorted((a, b) => length(b) - length(a) || bySize(a, b)));
  const next = draws();
  for (let turn = 0; !isGood(); turn++) {
    // What lies at the very end comes before all others; in turn with that, orders are drawn in which the larger lead.
    const { order, offsets, end } = best;
    const isLast = (at: number): boolean => (offsets[at] as number) + size(at) === end;
    const drawn = new Map(places.map((at) => [at, size(at) * next()]));
    if (turn % 2 === 0) look([...order.filter(isLast), ...order.filter((at) => !isLast(at))]);
    else look(places.toSorted((a, b) => (drawn.get(b) as number) - (drawn.get(a) as number)));
  }
  return best.offsets;
}

/** Numbers from 0 up to 1, the same ones each time: the same values are always packed alike. */
function draws(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
}

interface Packing {
  readonly order: readonly number[];
  readonly offsets: Float64Array;
  /** Where the buffer ends. */
  readonly end: number;
}

interface Columns {
  readonly bytes: Float64Array;
  readonly first: Int32Array;
  readonly last: Int32Array;
}

const columnsOf = (lives: readonly Life[]): Columns => ({
  bytes: Float64Array.from(lives, ({ bytes }) => bytes),
  first: Int32Array.from(lives, ({ first }) => first),
  last: Int32Array.from(lives, ({ last }) => last),
});

function endOf(offsets: Float64Array, bytes: Float64Array): number {
  let end = 0;
  for (let at = 0; at < offsets.length; at++) end = Math.max(end, (offsets[at] as number) + (bytes[at] as number));
  return end;
}

/** One value after the other, each at the smallest gap that holds it between those before it that live at the same time. */
function placedInTurn(
  order: readonly number[],
  bytes: Float64Array,
  first: Int32Array,
  last: Int32Array,
): Float64Array {
  const offsets = new Float64Array(order.length);
  /** Those placed so far, by their offsets. */
  const [begins, ends] = [new Float64Array(order.length), new Float64Array(order.length)];
  const [from, to] = [new Int32Array(order.length), new Int32Array(order.length)];
  for (let count = 0; count < order.length; count++) {
    const at = order[count] as number;
    const size = bytes[at] as number;
    const [begin, end] = [first[at] as number, last[at] as number];
    let [free, best, smallest] = [0, -1, Number.POSITIVE_INFINITY];
    for (let i = 0; i < count; i++) {
      if ((from[i] as number) > end || (to[i] as number) < begin) continue;
      const gap = (begins[i] as number) - free;
      if (gap >= size && gap < smallest) {
        best = free;
        smallest = gap;
      }
      if ((ends[i] as number) > free) free = ends[i] as number;
    }
    const offset = best < 0 ? free : best;
    let place = count;
    while (place > 0 && (begins[place - 1] as number) > offset) place--;
    for (const list of [begins, ends, from, to]) list.copyWithin(place + 1, place, count);
    begins[place] = offset;
    ends[place] = offset + size;
    from[place] = begin;
    to[place] = end;
    offsets[at] = offset;
  }
  return offsets;
}
