/** Which kernels have to run before which. */
import type { Group } from './fuse.ts';
import { updatedBy } from './in-place.ts';
import { readsOf } from './sources.ts';
import type { Fused } from './stages.ts';

/** The groups that each group waits for. */
export type Dependencies = ReadonlyMap<Group, ReadonlySet<Group>>;

/** The group that computes each position. */
export function groupsByMember(groups: readonly Group[]): Map<number, Group> {
  return new Map(groups.flatMap((group) => group.members.map((member) => [member, group] as const)));
}

/**
 * A group waits for what it reads. One that could write a state over its old value also waits for all other readers of
 * the old value, as long as none of them waits for it.
 */
export function dependenciesOf(fused: Fused): Dependencies {
  const { view, sources, bases, groups, overwrites } = fused;
  const groupOf = groupsByMember(groups);
  const waits = new Map<Group, Set<Group>>();
  const users = new Map<Group, Set<Group>>(groups.map((group) => [group, new Set()]));
  const readers = new Map<number, Set<Group>>();
  const order = (first: Group, then: Group): void => {
    waits.get(then)?.add(first);
    users.get(first)?.add(then);
  };
  for (const group of groups) waits.set(group, new Set());
  for (const group of groups) {
    for (const member of group.members)
      for (const { base } of readsOf(sources, member)) {
        const producer = groupOf.get(sources.roles[base] === 'output' ? (view.inputs[base]?.[0] as number) : base);
        readers.set(base, (readers.get(base) ?? new Set()).add(group));
        if (producer !== undefined && producer !== group) order(producer, group);
      }
  }
  for (const [target, leaf] of overwrites.entries()) {
    if (leaf === undefined) continue;
    const base = bases[target] as number;
    const writer = groupOf.get(base);
    const comesLast = (group: Group | undefined, overwritten: number): void => {
      if (!group) return;
      const after = reachable(group, users);
      for (const reader of readers.get(overwritten) ?? [])
        if (reader !== group && !after.has(reader)) order(reader, group);
    };
    for (let value: number | undefined = base; value !== undefined;) {
      const written = updatedBy(fused, value);
      if (written !== undefined) comesLast(groupOf.get(value), written);
      value = written;
    }
    if (writer?.loop && writer.loop.axes.length === 0) comesLast(writer, view.leafPositions[leaf] as number);
  }
  return waits;
}

/** Everything that waits for a group, directly or not. */
function reachable(from: Group, users: ReadonlyMap<Group, ReadonlySet<Group>>): Set<Group> {
  const found = new Set<Group>();
  const pending = [from];
  for (let group = pending.pop(); group; group = pending.pop())
    for (const user of users.get(group) ?? []) {
      if (found.has(user)) continue;
      found.add(user);
      pending.push(user);
    }
  return found;
}
