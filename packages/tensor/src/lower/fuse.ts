/**
 * Fusion: which loop nodes share a kernel. The rules, all of them:
 *
 * 1. Nodes over one iteration space that read each other element for element share a kernel.
 * 2. A reduction joins the kernel of what it reduces, if the kernel reduces over the same axes or none yet.
 * 3. What a reduction yields is a row value; nodes on row values join, and so do nodes of the full space that read them
 *    broadcast back over the reduced axes. (Softmax, layer norm and cross-entropy become one kernel by 1 to 3.)
 * 4. Kernels that a node joins are merged, if neither depends on the other through anything outside.
 * 5. Nodes that share a kernel agree on the length of each axis.
 * 6. No kernel grows beyond what a device can bind or a compiler likes.
 */
import type { Node } from '../graph/node.ts';
import { isContiguous, type Layout } from '../shape/layout.ts';
import { contiguousStrides, sameShape, type Shape } from '../shape/shape.ts';
import type { GraphView } from './graph-view.ts';
import { LeastFirst } from './least-first.ts';
import { limitsOf, readsOf, type Source, type Sources } from './sources.ts';
import type { Fused, Resolved } from './stages.ts';

/** Nodes that run as one kernel: one fused loop, or a single kernel node. */
export interface Group {
  readonly members: readonly number[];
  /** Absent for kernel nodes. */
  readonly loop?: {
    readonly space: Shape;
    readonly axes: readonly number[];
    /** Where the lengths of axes of the space are read; undefined if none has one. */
    readonly limits?: readonly (Source | undefined)[] | undefined;
  };
}

const maxMembers = 160;

/** Further kernels between what would be merged are taken for ones that lead back: searches stay as short in long graphs. */
const longestSearch = 2048;

interface Loop {
  space: Shape;
  axes: readonly number[] | undefined;
  limits: readonly (Source | undefined)[] | undefined;
  readonly members: number[];
  /** The least and the largest of the members. */
  first: number;
  last: number;
  /** As many buffers as a kernel of the members binds, or more. */
  bound: number;
}

/** Groups the nodes that need computing; members in graph order. */
export function fuse(resolved: Resolved): Fused {
  const { view, sources: found, bases, device } = resolved;
  const { nodes } = view;
  const { roles, copies } = found;
  const { maxBindings } = device.capabilities;
  const targets = new Set(bases);
  const unitOf: (Loop | undefined)[] = [];
  const units = new Set<Loop>();

  const reads = (position: number): readonly Source[] => readsOf(found, position);
  const node = (position: number): Node => nodes[position] as Node;
  /** Whether a read must find its source in memory. */
  const barrier = (position: number, argument: number): boolean =>
    (argument === 0 && node(position).op.family === 'indexed' && !copies.has(position)) ||
    reads(position)[argument]?.again === true;

  const computed = (base: number): boolean => roles[base] === 'kernel' || roles[base] === 'output';

  /**
   * Whether merging the loops with `position`, in a loop over `space` reducing `axes`, would make something outside both
   * needed by and dependent on the result, or a part of it read from memory what another part computes.
   */
  function closesCycle(
    loops: ReadonlySet<Loop>,
    position: number,
    space: Shape,
    axes: readonly number[] | undefined,
  ): boolean {
    // Nodes read those before them alone: nothing that ends before the loops begin leads back into one.
    let first = position;
    for (const loop of loops) first = Math.min(first, loop.first);
    const visited = new Set<Loop | number>();
    // What was made soon after the loops is likely to read them.
    const pending = new LeastFirst<Loop | number>((unit) => (typeof unit === 'number' ? unit : unit.first));
    /** Follows what a member reads out of the merged loop; whether that leads back into it. */
    const leadsBack = (member: number, merged: boolean): boolean => {
      const from = reads(member);
      for (let argument = 0; argument < from.length; argument++) {
        const source = from[argument] as Source;
        const { base } = source;
        const loop = unitOf[base];
        if (loop && loops.has(loop)) {
          if (!merged || barrier(member, argument)) return true;
          if (loop !== unitOf[member] && !meets(member, source, space, axes)) return true;
          continue;
        }
        const unit = loop ?? base;
        if ((loop?.last ?? base) < first || visited.has(unit) || !(loop || computed(base))) continue;
        visited.add(unit);
        pending.add(unit);
      }
      return false;
    };
    // What a loop reads does not lead back into that loop: only several can close a cycle among themselves.
    if (loops.size > 1)
      for (const { members } of loops) if (members.some((member) => leadsBack(member, true))) return true;
    if (leadsBack(position, true)) return true;
    for (let unit = pending.take(); unit !== undefined; unit = pending.take()) {
      if (visited.size > longestSearch) return true;
      if (typeof unit === 'number' ? leadsBack(unit, false) : unit.members.some((member) => leadsBack(member, false)))
        return true;
    }
    return false;
  }

  /** Whether a node has one value for each point of a loop, or one for each row. */
  function levelOf(position: number, space: Shape, axes: readonly number[] | undefined): 'full' | 'row' | undefined {
    const { op, shape } = node(position);
    const reduces = op.family === 'reduction' && !copies.has(position);
    const full = reduces ? reads(position)[0]?.layout.shape : shape;
    if (full && sameShape(full, space)) return 'full';
    // A reduction of row values would count each of them once per inner index.
    return axes && !reduces && isRowShape(shape, space, axes) ? 'row' : undefined;
  }

  /** Whether what a node reads is the value, computed in the same loop, at the point (or row) where the node is computed. */
  function meets(
    position: number,
    { base, layout }: Source,
    space: Shape,
    axes: readonly number[] | undefined,
  ): boolean {
    const { shape } = node(base);
    const isRow = axes !== undefined && isRowShape(shape, space, axes) && !sameShape(shape, space);
    if (levelOf(position, space, axes) === 'row') return isRow && isContiguous(layout);
    return isRow ? repeatsRows(layout, space, axes) : sameShape(shape, space) && isContiguous(layout);
  }

  /** Whether a node in a loop over `space` ends where the loop does along each axis that it walks. */
  function agrees(position: number, { space, limits }: Loop, axes: readonly number[] | undefined): boolean {
    const own = limitsOf(resolved, position);
    if (!own && !limits) return true;
    const row = levelOf(position, space, axes) === 'row';
    return space.every((_, axis) => (row && axes?.includes(axis) === true) || sameLimit(own?.[axis], limits?.[axis]));
  }

  /** Whether `position` can run in a loop over `space` reducing `axes`, reading the members of `loops` in registers. */
  function fits(
    position: number,
    space: Shape,
    axes: readonly number[] | undefined,
    loops: ReadonlySet<Loop>,
  ): boolean {
    if (levelOf(position, space, axes) === undefined) return false;
    return reads(position).every((source, argument) => {
      const loop = unitOf[source.base];
      return !loop || !loops.has(loop) || barrier(position, argument) || meets(position, source, space, axes);
    });
  }

  const users = usersOf(view, reads, roles);
  /** How many buffers a kernel binds. */
  function bindings(members: readonly number[]): number {
    const inside = new Set(members);
    const read = new Set<number>();
    let written = 0;
    for (const member of members) {
      for (const { base } of reads(member)) if (!inside.has(base) && roles[base] !== 'virtual') read.add(base);
      if (targets.has(member) || users[member]?.some((user) => !inside.has(user))) written++;
    }
    return read.size + written;
  }

  function join(position: number): void {
    const { op, shape } = node(position);
    const read = reads(position);
    const reduces = op.family === 'reduction' && !copies.has(position);
    const alone = read.length + 1;
    let best: Pick<Loop, 'space' | 'axes' | 'limits' | 'bound'> & { readonly loops: Set<Loop> } = {
      loops: new Set(),
      space: reduces ? (read[0] as Source).layout.shape : shape,
      axes: reduces ? (node(position).attributes['axes'] as readonly number[]) : undefined,
      limits: limitsOf(resolved, position),
      bound: alone,
    };
    const candidates = new Set<Loop>();
    for (let argument = 0; argument < read.length; argument++) {
      const loop = unitOf[(read[argument] as Source).base];
      if (loop && !barrier(position, argument)) candidates.add(loop);
    }
    // Larger kernels first: what joins them saves the most traffic.
    const larger = (a: Loop, b: Loop): number => b.members.length - a.members.length;
    for (const loop of candidates.size > 1 ? [...candidates].toSorted(larger) : candidates) {
      if (best.loops.size > 0 && !sameShape(loop.space, best.space)) continue;
      if (best.axes && loop.axes && !sameShape(best.axes, loop.axes)) continue;
      const axes = best.axes ?? loop.axes;
      const others = [...best.loops].every(({ limits }) => sameLimits(limits, loop.limits));
      if (!others || !agrees(position, loop, axes)) continue;
      const loops = new Set([...best.loops, loop]);
      if (!fits(position, loop.space, axes, loops)) continue;
      if (membersOf(loops) >= maxMembers) continue;
      let bound = best.bound + loop.bound;
      if (bound > maxBindings) bound = bindings([...[...loops].flatMap(({ members }) => members), position]);
      if (bound > maxBindings || closesCycle(loops, position, loop.space, axes)) continue;
      best = { loops, space: loop.space, axes, limits: loop.limits, bound };
    }
    const { loops, ...kind } = best;
    for (const loop of loops) units.delete(loop);
    // The first, which is the largest, takes in the others.
    const [largest = { ...kind, members: [], first: position, last: position }, ...others] = loops;
    const merged = Object.assign(largest, kind, { last: position });
    const joinsIt = (member: number): void => {
      merged.members.push(member);
      unitOf[member] = merged;
    };
    for (const { members, first } of others) {
      for (const member of members) joinsIt(member);
      merged.first = Math.min(merged.first, first);
    }
    joinsIt(position);
    units.add(merged);
  }

  const kernels: Group[] = [];
  for (const position of nodes.keys()) {
    if (roles[position] === 'loop') join(position);
    else if (roles[position] === 'kernel') kernels.push({ members: [position] });
  }
  const loops = [...units].map((loop): Group => ({
    members: loop.members.toSorted((a, b) => a - b),
    loop: { space: loop.space, axes: loop.axes ?? [], limits: loop.limits },
  }));
  return { ...resolved, groups: [...kernels, ...loops] };
}

function membersOf(loops: ReadonlySet<Loop>): number {
  let count = 0;
  for (const { members } of loops) count += members.length;
  return count;
}

/** Whether two axes end where the same length says, or both at their size. */
export const sameLimit = (a: Source | undefined, b: Source | undefined): boolean =>
  a?.base === b?.base && a?.layout.offset === b?.layout.offset;

const sameLimits = (a: Loop['limits'], b: Loop['limits']): boolean =>
  (a ?? b ?? []).every((_, axis) => sameLimit(a?.[axis], b?.[axis]));

/** The shape of values that are one per row. */
export function rowShape(space: Shape, axes: readonly number[]): number[] {
  return space.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

/** Whether a shape is that of values that are one per row. */
function isRowShape(shape: Shape, space: Shape, axes: readonly number[]): boolean {
  if (shape.length !== space.length) return false;
  for (let axis = 0; axis < space.length; axis++)
    if (shape[axis] !== (axes.includes(axis) ? 1 : space[axis])) return false;
  return true;
}

/** Whether a layout over `space` reads row values, each repeated over the reduced axes. */
function repeatsRows(layout: Layout, space: Shape, axes: readonly number[]): boolean {
  if (layout.offset !== 0 || !sameShape(layout.shape, space)) return false;
  const strides = contiguousStrides(rowShape(space, axes));
  return space.every((size, axis) => size === 1 || layout.strides[axis] === (axes.includes(axis) ? 0 : strides[axis]));
}

/** Which loop and kernel nodes read each base. */
function usersOf(
  view: GraphView,
  reads: (position: number) => readonly Source[],
  roles: Sources['roles'],
): readonly (readonly number[] | undefined)[] {
  const users = new Array<number[] | undefined>(view.nodes.length).fill(undefined);
  for (const position of view.nodes.keys()) {
    if (roles[position] !== 'loop' && roles[position] !== 'kernel' && roles[position] !== 'output') continue;
    for (const { base } of reads(position)) {
      const list = users[base];
      if (list) list.push(position);
      else users[base] = [position];
    }
  }
  return users;
}
