/** State that a step overwrites: written over the old value while it is computed where that is safe, else copied at the end. */
import type { Node } from '../graph/node.ts';
import { copySpec } from '../kernel/copy-spec.ts';
import { isContiguous } from '../shape/layout.ts';
import { sameShape, sizeOf } from '../shape/shape.ts';
import type { Draft } from './draft.ts';
import type { Group } from './fuse.ts';
import { readsOf, type Source, type Sources } from './sources.ts';
import type { Finished, Overwriting, Resolved } from './stages.ts';

/** For each target, the leaf (by index in `view.leaves`) whose buffer it should end up in, if any. */
export type Overwrites = readonly (number | undefined)[];

/**
 * Which targets may be written straight over the leaf they replace: element for element in the last kernel that reads
 * the leaf, which reads it nowhere but at the element it writes.
 */
export function findInPlace(finished: Finished): Overwriting {
  const { view, sources, order: groups, epilogues, bases, overwrites } = finished;
  const readersOf = placesOfReaders(sources, groups);
  const placeOf = new Map(groups.flatMap((group, place) => group.members.map((member) => [member, place] as const)));
  // A product absorbed by an epilogue reads its operands when the epilogue runs.
  const runsAt = [...groups.keys()];
  for (const [{ members }, product] of epilogues) {
    const place = placeOf.get(product) as number;
    runsAt[place] = Math.max(place, placeOf.get(members[0] as number) as number);
  }
  const asked = new Map<number, number>();
  for (const base of bases) asked.set(base, (asked.get(base) ?? 0) + 1);
  const result = new Map<number, number>();
  for (const [target, leafIndex] of overwrites.entries()) {
    if (leafIndex === undefined) continue;
    const base = bases[target] as number;
    const leaf = view.leafPositions[leafIndex] as number;
    const place = placeOf.get(base) ?? -1;
    const group = groups[place];
    if ((view.nodes[base] as Node).op.family === 'kernel') {
      const chain = asked.get(base) === 1 ? updatesOf(finished, base, leaf) : [];
      const isLast = (link: number): boolean => {
        const written = updatedBy(finished, link) as number;
        const own = placeOf.get(link) as number;
        return (
          !asked.has(written) &&
          (readersOf.get(written) ?? []).every((reader) => reader === own || (runsAt[reader] as number) < own) &&
          readsOf(sources, link).filter((source) => source.base === written).length === 1
        );
      };
      if (chain.every(isLast)) for (const link of chain) result.set(link, leaf);
      continue;
    }
    if (!group?.loop || group.loop.axes.length > 0 || asked.get(base) !== 1) continue;
    const readers = (readersOf.get(leaf) ?? []).map((reader) => runsAt[reader] as number);
    const rank = group.loop.space.length;
    const elementwise = group.members.every((member) =>
      readsOf(sources, member).every((source, argument) => {
        const gathers = view.nodes[member]?.op.family === 'indexed' && argument === 0;
        return source.base !== leaf || (!gathers && isContiguous(source.layout) && source.layout.shape.length === rank);
      }),
    );
    // Another target that is this very leaf would see the new value.
    if (elementwise && readers.every((reader) => reader <= place) && !asked.has(leaf)) result.set(base, leaf);
  }
  return { ...finished, inPlace: result };
}

/** The value of which a node writes a part, if it is the whole of that which it reads. */
export function updatedBy({ view, sources }: Resolved, position: number): number | undefined {
  const { op } = view.nodes[position] as Node;
  if (op.family !== 'kernel' || !op.updates) return undefined;
  const { base, layout } = readsOf(sources, position)[0] as Source;
  return isContiguous(layout) && sameShape(layout.shape, (view.nodes[base] as Node).shape) ? base : undefined;
}

/** The updates, last first, that lead from a leaf to a value, each of the result of the one before; none if others do. */
function updatesOf(resolved: Resolved, value: number, leaf: number): number[] {
  const chain: number[] = [];
  for (let position: number | undefined = value; position !== leaf; position = updatedBy(resolved, position)) {
    if (position === undefined) return [];
    chain.push(position);
  }
  return chain;
}

/** The places, in the order of `groups`, of those that read each position. */
function placesOfReaders(sources: Sources, groups: readonly Group[]): Map<number, number[]> {
  const places = new Map<number, number[]>();
  for (const [place, group] of groups.entries()) {
    for (const member of group.members)
      for (const { base } of readsOf(sources, member)) {
        const known = places.get(base);
        if (!known) places.set(base, [place]);
        else if (known.at(-1) !== place) known.push(place);
      }
  }
  return places;
}

/**
 * Targets that could not be computed in place are copied over their leaf when everything else is done. None of them is
 * another leaf that is overwritten: what takes the old value of a state is a copy of it (see `record`).
 */
export function copiesOver({ view, bases, overwrites, inPlace }: Overwriting): Draft[] {
  return overwrites.flatMap((index, target): Draft[] => {
    const base = bases[target] as number;
    const leaf = index === undefined ? base : (view.leafPositions[index] as number);
    if (leaf === base || inPlace.has(base)) return [];
    const { dtype, shape } = view.nodes[base] as Node;
    return [{ spec: copySpec(dtype, sizeOf(shape)), buffers: [base, leaf], writes: [1] }];
  });
}
