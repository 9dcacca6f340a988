/** Who survives by crowding: whole fronts, and of the last one those that stand most alone. */
import { frontsOf, type Member } from './member.ts';

/** Who stands next to whom in one objective, and how far apart, as a part of the front's extent. */
interface Row {
  readonly before: Int32Array;
  readonly after: Int32Array;
  readonly gap: (from: number, to: number) => number;
}

function rowOf(front: readonly Member[], axis: number): Row {
  const value = (index: number): number => front[index]?.point[axis] ?? 0;
  const order = front.map((_, index) => index).toSorted((a, b) => value(a) - value(b));
  const extent = value(order.at(-1) ?? 0) - value(order[0] ?? 0);
  const [before, after] = [new Int32Array(front.length), new Int32Array(front.length)];
  for (const [place, index] of order.entries()) {
    before[index] = order[place - 1] ?? -1;
    after[index] = order[place + 1] ?? -1;
  }
  const gap = (from: number, to: number): number =>
    from < 0 || to < 0 ? Infinity : extent > 0 ? (value(to) - value(from)) / extent : 0;
  return { before, after, gap };
}

/**
 * The members of a front that stay when only some can: the most crowded leaves, its neighbours' distances are taken
 * again, until so many are left. Their merit is how alone they then stand.
 *
 * Source: Kukkonen and Deb, "Improved pruning of non-dominated solutions based on crowding distance for bi-objective
 * optimization problems", CEC 2006.
 */
function thinned(front: readonly Member[], size: number): readonly Member[] {
  const rows = (front[0]?.point ?? []).map((_, axis) => rowOf(front, axis));
  const crowding = (index: number): number =>
    rows.reduce((sum, { before, after, gap }) => sum + gap(before[index] ?? -1, after[index] ?? -1), 0);
  const distances = front.map((_, index) => crowding(index));
  const gone = new Set<number>();
  while (front.length - gone.size > size) {
    let worst = -1;
    for (let index = 0; index < front.length; index += 1) {
      if (gone.has(index) || (worst >= 0 && (distances[index] ?? 0) >= (distances[worst] ?? 0))) continue;
      worst = index;
    }
    gone.add(worst);
    const touched = new Set<number>();
    for (const { before, after } of rows) {
      const [left, right] = [before[worst] ?? -1, after[worst] ?? -1];
      if (left >= 0) after[left] = right;
      if (right >= 0) before[right] = left;
      for (const index of [left, right]) if (index >= 0) touched.add(index);
    }
    for (const index of touched) distances[index] = crowding(index);
  }
  for (const [index, member] of front.entries()) member.merit = distances[index] ?? 0;
  return front.filter((_, index) => !gone.has(index));
}

/** The survivors of a generation: whole fronts, best first, and what is left of the last by crowding. */
export function surviveByCrowding(members: readonly Member[], size: number): readonly Member[] {
  const survivors: Member[] = [];
  for (const front of frontsOf(members)) {
    if (survivors.length >= size) break;
    survivors.push(...thinned(front, size - survivors.length));
  }
  return survivors;
}
