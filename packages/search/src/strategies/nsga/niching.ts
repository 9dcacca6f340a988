/** Who survives by reference directions: whole fronts, and of the last one those whose direction is the emptiest. */
import { frontsOf, type Member } from './member.ts';

/** A member's reference direction and how far it lies from it. */
interface Association {
  readonly member: Member;
  readonly niche: number;
  readonly distance: number;
}

/** The point whose loss on one axis is large and on the others least: it spans the front's plane. */
function extreme(points: readonly (readonly number[])[], axis: number): readonly number[] {
  const along = (point: readonly number[]): number =>
    Math.max(...point.map((value, other) => (other === axis ? value : value * 1e6)));
  return points.reduce((best, point) => (along(point) < along(best) ? point : best), points[0] ?? []);
}

/** Where the plane through the extremes meets the axes; undefined when they span none. Gauss elimination. */
function intercepts(rows: readonly (readonly number[])[]): readonly number[] | undefined {
  const size = rows.length;
  const matrix = rows.map((row) => [...row, 1]);
  for (let column = 0; column < size; column += 1) {
    const below = matrix.slice(column);
    const pivot = below.reduce((best, row) => (Math.abs(row[column] ?? 0) > Math.abs(best[column] ?? 0) ? row : best));
    const scale = pivot[column] ?? 0;
    if (Math.abs(scale) < 1e-12) return undefined;
    matrix.splice(matrix.indexOf(pivot), 1);
    matrix.splice(column, 0, pivot);
    for (const row of matrix) {
      if (row === pivot) continue;
      const factor = (row[column] ?? 0) / scale;
      for (let index = column; index <= size; index += 1) row[index] = (row[index] ?? 0) - factor * (pivot[index] ?? 0);
    }
  }
  const found = matrix.map((row, index) => (row[index] ?? 0) / (row[size] ?? 0));
  return found.every((value) => value > 1e-9 && value < Infinity) ? found : undefined;
}

/** The points moved and scaled so that their front reaches from 0 to about 1 on every axis. */
function normalized(points: readonly (readonly number[])[], first: number): readonly (readonly number[])[] {
  const axes = points[0] ?? [];
  const ideal = axes.map((_, axis) => Math.min(...points.map((point) => point[axis] ?? 0)));
  const moved = points.map((point) => point.map((value, axis) => value - (ideal[axis] ?? 0)));
  const front = moved.slice(0, first);
  const spans =
    intercepts(axes.map((_, axis) => extreme(front, axis))) ??
    axes.map((_, axis) => Math.max(1e-12, ...front.map((point) => point[axis] ?? 0)));
  return moved.map((point) => point.map((value, axis) => value / (spans[axis] ?? 1)));
}

function associate(
  member: Member,
  point: readonly number[],
  directions: readonly (readonly number[])[],
  lengths: readonly number[],
): Association {
  const square = point.reduce((sum, value) => sum + value * value, 0);
  let [niche, distance] = [0, Infinity];
  for (const [index, direction] of directions.entries()) {
    let along = 0;
    for (let axis = 0; axis < point.length; axis += 1) along += (point[axis] ?? 0) * (direction[axis] ?? 0);
    const away = square - (along / (lengths[index] ?? 1)) ** 2;
    if (away < distance) [niche, distance] = [index, away];
  }
  return { member, niche, distance };
}

/**
 * The survivors of a generation: whole fronts, best first, and of the last the members whose reference directions have
 * the fewest survivors, the nearest to a direction first. Ties go to the earlier direction and the earlier member, so
 * that it needs no random numbers.
 *
 * Source: Deb and Jain, "An evolutionary many-objective optimization algorithm using reference-point-based nondominated
 * sorting approach, part I", IEEE TEC 2014, section IV.
 */
export function surviveByNiches(
  members: readonly Member[],
  size: number,
  directions: readonly (readonly number[])[],
): readonly Member[] {
  const fronts = frontsOf(members);
  const considered: Member[] = [];
  let whole = 0;
  for (const front of fronts) {
    if (considered.length >= size) break;
    whole = considered.length;
    considered.push(...front);
  }
  const isFeasible = considered.every(({ broken }) => broken === 0);
  if (considered.length <= size || !isFeasible) return considered.slice(0, size);
  const points = normalized(
    considered.map(({ point }) => point),
    fronts[0]?.length ?? 0,
  );
  const lengths = directions.map((direction) => Math.hypot(...direction));
  const found = considered.map((member, index) => associate(member, points[index] ?? [], directions, lengths));
  const counts = directions.map(() => 0);
  const take = ({ niche, member }: Association): Member => {
    counts[niche] = (counts[niche] ?? 0) + 1;
    return member;
  };
  const survivors = found.slice(0, whole).map(take);
  const waiting = directions.map((): Association[] => []);
  for (const one of found.slice(whole)) waiting[one.niche]?.push(one);
  for (const queue of waiting) queue.sort((a, b) => a.distance - b.distance);
  while (survivors.length < size) {
    let best = -1;
    for (const [niche, queue] of waiting.entries()) {
      if (queue.length > 0 && (best < 0 || (counts[niche] ?? 0) < (counts[best] ?? 0))) best = niche;
    }
    const next = waiting[best]?.shift();
    if (next === undefined) break;
    survivors.push(take(next));
  }
  for (const { member, distance, niche } of found) member.merit = -(counts[niche] ?? 0) - distance / (1 + distance);
  return survivors;
}
