/** How much memory an order of kernels needs, before it is decided where each value lives. */
import type { Node } from '../graph/node.ts';
import { groupsByMember } from './dependencies.ts';
import type { Group } from './fuse.ts';
import { readsOf } from './sources.ts';
import type { Fused } from './stages.ts';

/** What kernels leave for others inside a plan: results and state, which outlive it, are not counted. */
export interface Traffic {
  /** Positions of the values that a group reads from other groups. */
  readonly reads: ReadonlyMap<Group, ReadonlySet<number>>;
  /** Positions of the values that other groups read from a group. */
  readonly writes: ReadonlyMap<Group, ReadonlySet<number>>;
  /** The groups that read each value. */
  readonly readers: ReadonlyMap<number, readonly Group[]>;
  readonly bytes: (position: number) => number;
}

/** The traffic between the groups of a plan. */
export function trafficOf({ view, sources, groups, bases }: Fused): Traffic {
  const groupOf = groupsByMember(groups);
  const outside = new Set(bases);
  const reads = new Map<Group, Set<number>>(groups.map((group) => [group, new Set()]));
  const writes = new Map<Group, Set<number>>(groups.map((group) => [group, new Set()]));
  const readers = new Map<number, Group[]>();
  for (const group of groups)
    for (const member of group.members)
      for (const { base } of readsOf(sources, member)) {
        const producer = groupOf.get(sources.roles[base] === 'output' ? (view.inputs[base]?.[0] as number) : base);
        const own = reads.get(group) as Set<number>;
        if (producer === undefined || producer === group || outside.has(base) || own.has(base)) continue;
        own.add(base);
        writes.get(producer)?.add(base);
        const known = readers.get(base);
        if (known) known.push(group);
        else readers.set(base, [group]);
      }
  return { reads, writes, readers, bytes: (position) => (view.nodes[position] as Node).bytes };
}

/** Follows an order kernel by kernel: what is alive, and what a kernel would do to that. */
export class LiveBytes {
  readonly #traffic: Traffic;
  readonly #left: Map<number, number>;
  #live = 0;
  /** Most bytes alive at once so far. */
  peak = 0;

  constructor(traffic: Traffic) {
    this.#traffic = traffic;
    this.#left = new Map([...traffic.readers].map(([base, readers]) => [base, readers.length]));
  }

  /** Bytes that running a group would add to what is alive afterwards; negative where it lets go of more. */
  change(group: Group): number {
    return this.#written(group) - this.#freed(group);
  }

  /** Runs a group; the values of which one reader is left now. */
  run(group: Group): readonly number[] {
    const written = this.#written(group);
    this.peak = Math.max(this.peak, this.#live + written);
    this.#live += written - this.#freed(group);
    const lasts: number[] = [];
    for (const base of this.#traffic.reads.get(group) ?? []) {
      const left = (this.#left.get(base) as number) - 1;
      this.#left.set(base, left);
      if (left === 1) lasts.push(base);
    }
    return lasts;
  }

  #written(group: Group): number {
    let sum = 0;
    for (const base of this.#traffic.writes.get(group) ?? []) sum += this.#traffic.bytes(base);
    return sum;
  }

  #freed(group: Group): number {
    let sum = 0;
    for (const base of this.#traffic.reads.get(group) ?? [])
      if (this.#left.get(base) === 1) sum += this.#traffic.bytes(base);
    return sum;
  }
}

/** The bytes alive at once, at most, when groups run in this order. */
export function peakBytes(order: readonly Group[], traffic: Traffic): number {
  const live = new LiveBytes(traffic);
  for (const group of order) live.run(group);
  return live.peak;
}
