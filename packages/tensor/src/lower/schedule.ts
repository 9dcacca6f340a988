/** The order of kernels: dependencies first; among the orders that this leaves, the one that needs less memory. */
import { dependenciesOf, type Dependencies } from './dependencies.ts';
import type { Group } from './fuse.ts';
import { LeastFirst } from './least-first.ts';
import type { Fused, Scheduled } from './stages.ts';
import { LiveBytes, peakBytes, trafficOf, type Traffic } from './traffic.ts';

/** An order other than the program's has to need so much less memory. */
const worthwhile = 0.95;

/** Orders the kernels: as the program made them, unless doing each as late as possible needs less memory. */
export function schedule(fused: Fused): Scheduled {
  const waits = dependenciesOf(fused);
  const asMade = inCreationOrder(fused.groups, waits);
  const traffic = trafficOf(fused);
  const asNeeded = byNeed(asMade, waits);
  const others = [asNeeded, releasingEarly(asNeeded, waits, traffic)];
  const peaks = others.map((order) => peakBytes(order, traffic));
  const least = Math.min(...peaks);
  const isWorthwhile = least < worthwhile * peakBytes(asMade, traffic);
  return { ...fused, order: isWorthwhile ? (others[peaks.indexOf(least)] as Group[]) : asMade };
}

/**
 * Topological order that follows creation: among the kernels that may run, the one whose last node was made first.
 * Updates of state, made last, so come after everything that reads the old state, where dependencies allow.
 */
function inCreationOrder(groups: readonly Group[], dependencies: Dependencies): Group[] {
  const missing = new Map([...dependencies].map(([group, needs]) => [group, needs.size]));
  const unlocks = usersOf(groups, dependencies);
  const last = (group: Group): number => group.members.at(-1) as number;
  const ready = new LeastFirst<Group>(last);
  for (const group of groups) if (missing.get(group) === 0) ready.add(group);
  const order: Group[] = [];
  for (let next = ready.take(); next; next = ready.take()) {
    order.push(next);
    for (const group of unlocks.get(next) ?? []) {
      const left = (missing.get(group) as number) - 1;
      missing.set(group, left);
      if (left === 0) ready.add(group);
    }
  }
  return order;
}

/**
 * Depth first from what nobody waits for: a kernel runs when its first user is about to. What has a long way behind it
 * comes before what has a short one, so that a value computed again for the backward pass is computed when the gradient
 * has arrived there, and not all of them beforehand. `ordered` is any topological order.
 */
function byNeed(ordered: readonly Group[], dependencies: Dependencies): Group[] {
  const level = new Map<Group, number>();
  const used = new Set<Group>();
  for (const group of ordered) {
    let most = 0;
    for (const producer of dependencies.get(group) ?? []) {
      used.add(producer);
      most = Math.max(most, (level.get(producer) as number) + 1);
    }
    level.set(group, most);
  }
  const farthestLast = (a: Group, b: Group): number => (level.get(a) as number) - (level.get(b) as number);
  const order: Group[] = [];
  const state = new Map<Group, 'open' | 'done'>();
  // The stack is popped from its end: the least far of the ends first, then of each group's needs the farthest.
  const pending = ordered
    .filter((group) => !used.has(group))
    .toSorted(farthestLast)
    .toReversed();
  for (let group = pending.at(-1); group; group = pending.at(-1)) {
    if (state.has(group)) {
      pending.pop();
      if (state.get(group) === 'open') order.push(group);
      state.set(group, 'done');
      continue;
    }
    state.set(group, 'open');
    const needs = [...(dependencies.get(group) ?? [])].filter((producer) => !state.has(producer));
    pending.push(...needs.toSorted(farthestLast));
  }
  return order;
}

/**
 * The same order, but a kernel that lets go of as much as it makes, or more, runs as soon as it can: the gradient of a
 * weight right after the gradient of its layer, while what both need is there.
 */
function releasingEarly(ordered: readonly Group[], dependencies: Dependencies, traffic: Traffic): Group[] {
  const missing = new Map([...dependencies].map(([group, needs]) => [group, needs.size]));
  const unlocks = usersOf(ordered, dependencies);
  const live = new LiveBytes(traffic);
  const order: Group[] = [];
  const done = new Set<Group>();
  /** Groups that could run, and make more than they let go of so far. */
  const waiting = new Set<Group>();
  /** Groups that could run and pay for themselves: what they let go of only grows. */
  const paid: Group[] = [];
  const look = (group: Group): void => {
    if (live.change(group) > 0) return;
    waiting.delete(group);
    paid.push(group);
  };
  const run = (group: Group): void => {
    done.add(group);
    waiting.delete(group);
    order.push(group);
    for (const base of live.run(group))
      for (const reader of traffic.readers.get(base) ?? []) if (waiting.has(reader)) look(reader);
    for (const user of unlocks.get(group) ?? []) {
      const left = (missing.get(user) as number) - 1;
      missing.set(user, left);
      if (left > 0) continue;
      waiting.add(user);
      look(user);
    }
  };
  for (const next of ordered) {
    if (done.has(next)) continue;
    run(next);
    for (let at = 0; at < paid.length; at++) run(paid[at] as Group);
    paid.length = 0;
  }
  return order;
}

/** The groups that wait for each group. */
function usersOf(groups: readonly Group[], dependencies: Dependencies): Map<Group, Group[]> {
  const users = new Map<Group, Group[]>(groups.map((group) => [group, []]));
  for (const [group, needs] of dependencies) for (const producer of needs) users.get(producer)?.push(group);
  return users;
}
