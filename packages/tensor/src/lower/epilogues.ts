/** Which contractions run with the group that finishes them as one kernel. */
import type { Node } from '../graph/node.ts';
import { takesEpilogue, withPlainEpilogue } from '../kernel/contraction/epilogue.ts';
import { isContiguous } from '../shape/layout.ts';
import { sameShape } from '../shape/shape.ts';
import { sameLimit, type Group } from './fuse.ts';
import { limitsOf, readsOf, type Source } from './sources.ts';
import type { Finished, Scheduled } from './stages.ts';

/** The contraction that each such group finishes, by its position. */
export type Epilogues = ReadonlyMap<Group, number>;

/** Map groups that read a contraction, which nobody else needs and the device takes with an epilogue, element for element. */
export function findEpilogues(scheduled: Scheduled): Finished {
  const { view, device, sources, order } = scheduled;
  const targets = new Set(scheduled.bases);
  const readers = new Map<number, Set<Group>>();
  const reads = (member: number): readonly Source[] => readsOf(sources, member);
  for (const group of order)
    for (const member of group.members)
      for (const { base } of reads(member)) readers.set(base, (readers.get(base) ?? new Set()).add(group));
  const found = new Map<Group, number>();
  const accepts = (base: number, { op, shape }: Node): boolean => {
    if (op.family !== 'kernel' || !op.contraction) return false;
    const layouts = reads(base).map(({ layout }) => layout);
    const spec = op.contraction(view.nodes[base] as Node, layouts);
    return takesEpilogue(spec) && device.accepts(withPlainEpilogue(spec, shape));
  };
  for (const [base, users] of readers) {
    const node = view.nodes[base] as Node;
    const [group] = users;
    if (
      node.op.family !== 'kernel' ||
      !node.op.contraction ||
      node.storage ||
      users.size !== 1 ||
      targets.has(base) ||
      !group?.loop ||
      group.loop.axes.length > 0 ||
      found.has(group)
    )
      continue;
    const own = limitsOf(scheduled, base);
    const endsAlike = node.shape.every((_, axis) => sameLimit(own?.[axis], group.loop?.limits?.[axis]));
    const sees = group.members.flatMap(reads).filter((source) => source.base === base);
    const sameElements = sees.every(({ layout }) => isContiguous(layout) && sameShape(layout.shape, node.shape));
    const gathered = group.members.some(
      (member) => view.nodes[member]?.op.family === 'indexed' && !sources.copies.has(member),
    );
    if (endsAlike && sameElements && !gathered && sameShape(group.loop.space, node.shape) && accepts(base, node))
      found.set(group, base);
  }
  return { ...scheduled, epilogues: found };
}
