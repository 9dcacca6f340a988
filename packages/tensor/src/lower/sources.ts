/**
 * Where each value comes from once views are seen through: a node whose elements exist (or will be computed), and the
 * layout in which the view looks at them. Decides which views have to become copies.
 */
import type { Node } from '../graph/node.ts';
import { movementOf } from '../graph/op.ts';
import { contiguousLayout, isContiguous, moveLayout, type Layout } from '../shape/layout.ts';
import type { GraphView } from './graph-view.ts';
import type { Asked, Resolved } from './stages.ts';

/** A value as seen through views. */
export interface Source {
  /** Position of the node that holds or computes the elements. */
  readonly base: number;
  readonly layout: Layout;
  /** The value is read from memory even by a kernel that could have computed it: what reads it comes much later. */
  readonly again?: true;
}

/** The role of each node in the plan. */
export type Role =
  /** Elements given from outside. */
  | 'leaf'
  /** Needs no memory: a compiled-in number or the linear index. */
  | 'virtual'
  /** A view: no work. */
  | 'view'
  /** Computed in a loop kernel: element-wise, indexed, a reduction, or a copy of a view. */
  | 'loop'
  /** Computed by kernels of its own. */
  | 'kernel'
  /** One result of a kernel with several. */
  | 'output';

/** Roles and sources of all nodes of a graph view, by position. */
export interface Sources {
  readonly roles: readonly Role[];
  readonly sources: readonly Source[];
  /** For a copy: what it copies. Only where the role is `loop` and the node is a view or virtual. */
  readonly copies: ReadonlyMap<number, Source>;
  /** What each node reads directly, seen through views: a copy reads what it copies, everything else its inputs. */
  readonly reads: readonly (readonly Source[])[];
}

const initialRole = (node: Node, isLeaf: boolean): Role => {
  if (isLeaf) return 'leaf';
  switch (node.op.family) {
    case 'movement':
      return 'view';
    case 'kernel':
      return 'kernel';
    case 'source':
      return node.op.source === 'output' ? 'output' : 'virtual';
    default:
      return 'loop';
  }
};

/**
 * Resolves every node. `aliasTargets`: whether a target that is a plain view may share the memory of a value from outside;
 * otherwise it becomes a copy. It always may that of what is computed, unless that is a state, which is written over.
 */
export function resolveSources(asked: Asked): Resolved {
  const { view, aliasTargets, overwrites } = asked;
  const { nodes, inputs } = view;
  const leaves = new Set(view.leafPositions);
  const roles = nodes.map((node, position) => initialRole(node, leaves.has(position)));
  const copies = new Map<number, Source>();
  const sources: Source[] = [];
  const own = (position: number): Source => ({
    base: position,
    layout: contiguousLayout((nodes[position] as Node).shape),
  });
  /** Makes a view or virtual value real, so that others can read it contiguously. */
  const materialize = (position: number): void => {
    const role = roles[position];
    if (role !== 'view' && role !== 'virtual') return;
    copies.set(position, sources[position] as Source);
    roles[position] = 'loop';
    sources[position] = own(position);
  };

  for (const [position, node] of nodes.entries()) {
    const from = inputs[position] as readonly number[];
    for (const argument of lengthArguments(view, position)) {
      const length = from[argument] as number;
      if (roles[(sources[length] as Source).base] === 'virtual') materialize(length);
    }
    if (roles[position] === 'view') {
      const input = from[0] as number;
      let moved = moveLayout(movementOf(node), (sources[input] as Source).layout);
      if (!moved) {
        materialize(input);
        moved = moveLayout(movementOf(node), (sources[input] as Source).layout) as Layout;
      }
      const { base, again } = sources[input] as Source;
      sources.push({ base, layout: moved, ...((again || node.attributes['again'] === true) && { again: true }) });
      continue;
    }
    sources.push(own(position));
    if (roles[position] === 'kernel' && node.op.family === 'kernel') {
      for (const [argument, input] of from.entries()) {
        const strided = typeof node.op.strided === 'boolean' ? node.op.strided : node.op.strided[argument] === true;
        const source = sources[input] as Source;
        if (roles[source.base] === 'virtual' || !(strided || isContiguous(source.layout))) materialize(input);
      }
    }
    if (roles[position] === 'loop' && node.op.family === 'indexed') {
      const read = from[0] as number;
      if (roles[(sources[read] as Source).base] === 'virtual') materialize(read);
    }
  }
  const isState = (target: number): boolean => overwrites[target] !== undefined;
  const states = new Set(view.targets.flatMap((at, target) => (isState(target) ? [(sources[at] as Source).base] : [])));
  for (const target of view.targets) {
    const { base, layout } = sources[target] as Source;
    // A view of the first elements is contiguous too, but memory is shared whole.
    const whole = (nodes[base] as Node).size === (nodes[target] as Node).size;
    const mayShare = aliasTargets || (roles[base] !== 'leaf' && !states.has(base));
    if (!mayShare || !whole || roles[base] === 'virtual' || !isContiguous(layout)) materialize(target);
  }
  const reads = inputs.map((from, position) => {
    const copied = copies.get(position);
    const lengths = lengthArguments(view, position);
    const read = (argument: number): Source => {
      const source = sources[from[argument] as number] as Source;
      return lengths.has(argument) ? { ...source, again: true } : source;
    };
    return copied ? [copied, ...[...lengths].map(read)] : from.map((_, argument) => read(argument));
  });
  const bases = view.targets.map((target) => (sources[target] as Source).base);
  return { ...asked, sources: { roles, sources, copies, reads }, bases };
}

/** Which inputs of a node are lengths: they are read before its kernel starts to walk. */
function lengthArguments({ nodes, inputs }: GraphView, position: number): ReadonlySet<number> {
  const places = nodes[position]?.attributes['lengths'] as readonly (number | null)[] | undefined;
  // A value that is there was computed as far as it goes.
  if (!places || inputs[position]?.length === 0) return none;
  return new Set(places.filter((argument) => argument !== null));
}

const none: ReadonlySet<number> = new Set();

/** Where the lengths of the space of a node are read, by axis of that; undefined where it has none. */
export function limitsOf(
  { view: { nodes, inputs }, sources: { sources } }: Resolved,
  position: number,
): readonly (Source | undefined)[] | undefined {
  const places = nodes[position]?.attributes['lengths'] as readonly (number | null)[] | undefined;
  return places?.map((argument) => (argument === null ? undefined : sources[inputs[position]?.[argument] as number]));
}

/** What a node reads directly, seen through views. */
export function readsOf({ reads }: Sources, position: number): readonly Source[] {
  return reads[position] as readonly Source[];
}
