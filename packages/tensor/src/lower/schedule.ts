/** The order of kernels: dependencies first, otherwise the order in which the program made them. */
import type { Group } from './fuse.ts';
import type { GraphView } from './graph-view.ts';
import { readsOf, type Sources } from './sources.ts';

/**
 * Topological order that follows creation: among the kernels that may run, the one whose last node was made first.
 * Updates of state, made last, so come after everything that reads the old state, where dependencies allow.
 */
export function schedule(view: GraphView, sources: Sources, groups: readonly Group[]): Group[] {
  const groupOf = new Map(groups.flatMap((group) => group.members.map((member) => [member, group] as const)));
  const waits = new Map<Group, Set<Group>>();
  const unlocks = new Map<Group, Group[]>();
  for (const group of groups) {
    const needs = new Set<Group>();
    for (const member of group.members) {
      for (const { base } of readsOf(view, sources, member)) {
        const producer = groupOf.get(sources.roles[base] === 'output' ? (view.inputs[base]?.[0] as number) : base);
        if (producer && producer !== group) needs.add(producer);
      }
    }
    waits.set(group, needs);
    for (const producer of needs) unlocks.set(producer, [...(unlocks.get(producer) ?? []), group]);
  }
  const last = (group: Group): number => group.members.at(-1) as number;
  const ready = groups.filter((group) => waits.get(group)?.size === 0);
  const order: Group[] = [];
  while (ready.length > 0) {
    const next = ready.reduce((first, group) => (last(group) < last(first) ? group : first));
    ready.splice(ready.indexOf(next), 1);
    order.push(next);
    for (const group of unlocks.get(next) ?? []) {
      waits.get(group)?.delete(next);
      if (waits.get(group)?.size === 0) ready.push(group);
    }
  }
  return order;
}
