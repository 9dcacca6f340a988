/** Hypervolume: how much of the space of losses a set of points dominates, as one number to compare fronts by. */
import { ValueError } from '../errors.ts';
import { dominates } from '../study/ranking.ts';

type Point = readonly number[];

/** The points that no other dominates, one of each. */
function front(points: readonly Point[]): readonly Point[] {
  return points.filter(
    (point, index) =>
      !points.some(
        (other, place) =>
          dominates(other, point) || (place < index && other.every((value, axis) => value === point[axis])),
      ),
  );
}

/** Points by their last loss: the order in which {@link area} and {@link swept} take them. */
function byLast(points: readonly Point[], last: number): readonly Point[] {
  return points.toSorted((a, b) => (a[last] ?? 0) - (b[last] ?? 0));
}

/** The area between a reference point and points of two losses each, cut off at a corner. */
function area(sorted: readonly Point[], [right = 0, top = 0]: Point, corner: Point): number {
  let [sum, low] = [0, right];
  for (const point of sorted) {
    const x = Math.max(point[0] ?? 0, corner[0] ?? 0);
    if (x >= low) continue;
    sum += (low - x) * (top - Math.max(point[1] ?? 0, corner[1] ?? 0));
    low = x;
  }
  return sum;
}

/**
 * The volume between a reference point and points of three losses each, cut off at a corner: a sweep along the last,
 * which keeps the staircase that the points passed make of the other two.
 */
function swept(sorted: readonly Point[], [right = 0, top = 0, far = 0]: Point, corner: Point): number {
  const [xs, ys]: [number[], number[]] = [[], []];
  let [sum, covered, before] = [0, 0, 0];
  for (const point of sorted) {
    const x = Math.max(point[0] ?? 0, corner[0] ?? 0);
    const y = Math.max(point[1] ?? 0, corner[1] ?? 0);
    const z = Math.max(point[2] ?? 0, corner[2] ?? 0);
    sum += covered * (z - before);
    before = z;
    let first = 0;
    while ((xs[first] ?? right) < x) first += 1;
    // From the point to the right, step by step, down to its own height: what it hides goes.
    let [last, from, height] = [first, x, ys[first - 1] ?? top];
    if (height <= y) continue;
    while (height > y) {
      const next = xs[last] ?? right;
      covered += (next - from) * (height - y);
      [from, height] = [next, ys[last] ?? y];
      if (height > y) last += 1;
    }
    if (xs[first] === x && last === first) continue;
    xs.splice(first, last - first, x);
    ys.splice(first, last - first, y);
  }
  return sum + covered * (far - before);
}

const nowhere = [-Infinity, -Infinity, -Infinity];

/** The volume between a reference point and points that all lie below it. */
function volume(points: readonly Point[], reference: Point): number {
  const last = reference.length - 1;
  if (last === 0) return Math.max(0, ...points.map(([x = 0]) => (reference[0] ?? 0) - x));
  if (last === 1) return area(byLast(points, last), reference, nowhere);
  if (last === 2) return swept(byLast(points, last), reference, nowhere);
  // From the worst in the last loss on: each point adds what those after it leave of its own box. In that loss the point
  // is the worst, so the others are cut off at it and the last loss drops out.
  const sorted = points.toSorted((a, b) => (b[last] ?? 0) - (a[last] ?? 0));
  const base = reference.slice(0, last);
  return sorted.reduce((sum, point, index) => {
    const height = (reference[last] ?? 0) - (point[last] ?? 0);
    const box = base.reduce((product, value, axis) => product * (value - (point[axis] ?? 0)), 1);
    const limited = sorted
      .slice(index + 1)
      .map((other) => base.map((_, axis) => Math.max(other[axis] ?? 0, point[axis] ?? 0)));
    return sum + height * (box - volume(last === 3 ? limited : front(limited), base));
  }, 0);
}

/**
 * The volume, exactly, that a point dominates and others do not, up to a reference point that no other exceeds.
 *
 * Source: While, Bradstreet, Barone 2012: the point's own box, less what the others leave of theirs within it.
 * @param sorted the others, by their last loss.
 */
export function exclusiveVolume(point: Point, sorted: readonly Point[], reference: Point): number {
  let box = 1;
  for (const [axis, value] of reference.entries()) box *= Math.max(0, value - (point[axis] ?? 0));
  if (box === 0 || sorted.length === 0) return box;
  if (reference.length === 2) return box - area(sorted, reference, point);
  if (reference.length === 3) return box - swept(sorted, reference, point);
  const limited = sorted.map((other) => other.map((value, axis) => Math.max(value, point[axis] ?? 0)));
  return box - volume(front(limited), reference);
}

/**
 * The volume, exactly, of what points (losses: less is better) dominate up to a reference point; points that are not
 * below it in every loss add nothing. Fast for up to four objectives; the cost grows steeply beyond.
 *
 * Source: While, Bradstreet, Barone, "A fast way of calculating exact hypervolumes", IEEE TEC 2012 (WFG).
 * @throws {ValueError} when a point has another number of losses than the reference.
 */
export function hypervolume(points: readonly Point[], reference: Point): number {
  const odd = points.find(({ length }) => length !== reference.length);
  if (odd !== undefined) {
    throw new ValueError(
      `hypervolume: a point has ${odd.length} losses, the reference ${reference.length}: give as many`,
    );
  }
  const below = points.filter((point) => point.every((value, axis) => value < (reference[axis] ?? -Infinity)));
  if (below.length === 0) return 0;
  // In up to three losses the sweep passes over what is dominated by itself.
  return volume(reference.length <= 3 ? below : front(below), reference);
}
