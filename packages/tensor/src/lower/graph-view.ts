/**
 * The part of the graph that some targets need, in order, with equal nodes shared, and a key that is the same for every
 * graph of the same structure: plans are cached under it.
 */
import type { Node } from '../graph/node.ts';

/** A value the plan receives from outside. */
export interface Leaf {
  readonly node: Node;
  /** `scalar`: a number of the graph that is passed in rather than compiled in. */
  readonly kind: 'stored' | 'placeholder' | 'scalar';
}

/** A slice of the graph. Positions refer to `nodes`; every input stands before its users. */
export interface GraphView {
  readonly nodes: readonly Node[];
  readonly inputs: readonly (readonly number[])[];
  readonly leaves: readonly Leaf[];
  /** Position of each leaf in `nodes`. */
  readonly leafPositions: readonly number[];
  readonly targets: readonly number[];
  readonly key: string;
}

/** Numbers that kernels may be specialised for; others are passed in so that a changing number compiles nothing. */
const compiledIn = new Set<unknown>([0, 1, -1, 2, -2, 0.5, '-0', 'NaN', 'Infinity', '-Infinity']);

/** Every node that must be computed for the targets, inputs first. */
function needed(targets: readonly Node[]): Node[] {
  const order: Node[] = [];
  const state = new Map<Node, 'open' | 'done'>();
  const pending = targets.toReversed();
  for (let node = pending.at(-1); node; node = pending.at(-1)) {
    if (state.get(node) === 'done') {
      pending.pop();
    } else if (state.get(node) === 'open' || node.storage) {
      state.set(node, 'done');
      order.push(node);
      pending.pop();
    } else {
      state.set(node, 'open');
      for (const input of node.inputs.toReversed()) if (!state.has(input)) pending.push(input);
    }
  }
  return order;
}

/** Views the graph below the targets. With `bakeNumbers`, all numbers are compiled in, as in a step that is replayed. */
export function viewGraph(targets: readonly Node[], bakeNumbers: boolean): GraphView {
  const nodes: Node[] = [];
  const inputs: number[][] = [];
  const leaves: Leaf[] = [];
  const leafPositions: number[] = [];
  const keys: string[] = [];
  const shared = new Map<string, number>();
  const positions = new Map<Node, number>();
  const positionOf = (node: Node): number => positions.get(node) as number;

  for (const node of needed(targets)) {
    const kind = leafKind(node, bakeNumbers);
    const from = kind === undefined ? node.inputs.map(positionOf) : [];
    const type = `${node.dtype}[${node.shape.join()}]`;
    const key =
      kind === undefined
        ? `${node.op.name}(${from.join()})${textOf(node.attributes)}${type}`
        : `${kind} ${leaves.length} ${type}`;
    const same = shared.get(key);
    if (same !== undefined) {
      positions.set(node, same);
      continue;
    }
    shared.set(key, nodes.length);
    positions.set(node, nodes.length);
    if (kind !== undefined) {
      leaves.push({ node, kind });
      leafPositions.push(nodes.length);
    }
    nodes.push(node);
    inputs.push(from);
    keys.push(key);
  }
  const targetPositions = targets.map(positionOf);
  return {
    nodes,
    inputs,
    leaves,
    leafPositions,
    targets: targetPositions,
    get key() {
      return `${keys.join(';')}→${targetPositions.join()}`;
    },
  };
}

/** Attributes as text. Most nodes have none. */
function textOf(attributes: Node['attributes']): string {
  for (const _ in attributes) return JSON.stringify(attributes);
  return '';
}

function leafKind(node: Node, bakeNumbers: boolean): Leaf['kind'] | undefined {
  if (node.storage) return 'stored';
  if (node.op.family !== 'source') return undefined;
  if (node.op.source === 'placeholder') return 'placeholder';
  return node.op.source === 'constant' && !bakeNumbers && !compiledIn.has(node.attributes['value'])
    ? 'scalar'
    : undefined;
}
