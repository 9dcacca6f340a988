/** The graph behind a value that is not computed yet, as data: its nodes, and how their axes follow one another. */
import { check } from '../arguments/rules.ts';
import { aTensor } from '../arguments/types.ts';
import type { DType } from '../dtype/dtype.ts';
import { relationsOf, type AxisRelation } from '../graph/axes.ts';
import type { Node } from '../graph/node.ts';
import type { Attributes } from '../graph/op.ts';
import type { Shape } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** One value of a graph. */
export interface AxisGraphNode {
  /** The name of what computes it: `matmul`, `reshape`. What has a value already is `stored`. */
  readonly op: string;
  /**
   * Whether it is another view of its first input (`view`), made element by element (`elementwise`), there already
   * (`source`), or computed in another way.
   */
  readonly kind: 'view' | 'elementwise' | 'source' | 'other';
  readonly shape: Shape;
  readonly dtype: DType;
  /** Places in the list of nodes, which come before this one. */
  readonly inputs: readonly number[];
  /** What the op is told besides: axes, sizes, the value of a constant. */
  readonly attributes: Attributes;
  /** What is known of its axes; one that is named by none of these is needed whole. */
  readonly relations: readonly AxisRelation[];
}

/** A graph, inputs before what is made of them. */
export interface AxisGraph {
  readonly nodes: readonly AxisGraphNode[];
  /** The place of a tensor in the list; undefined where nothing depends on it. */
  readonly placeOf: (tensor: Tensor) => number | undefined;
}

/**
 * What a tensor is computed from that has no value yet, and how the axes of each node follow those of its inputs; nothing is
 * computed. Where the output depends on a channel, which indices of which weights make it, is found by following those
 * relations. To be asked inside of `dryRun`, or before the tensor is computed.
 *
 * @example
 * dryRun([{ shape: [2, 784] }], (x) => axisGraph(model.call(x)).nodes.map(({ op }) => op));
 */
export function axisGraph(output: Tensor): AxisGraph {
  check('axisGraph', 'output', output, aTensor);
  const found = new Set<Node>();
  const pending = [output.node];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    if (!node.storage) pending.push(...node.inputs);
  }
  const order = [...found].toSorted((a, b) => a.id - b.id);
  const places = new Map(order.map((node, place) => [node, place]));
  return { nodes: order.map((node) => described(node, places)), placeOf: (tensor) => places.get(tensor.node) };
}

const kinds = { movement: 'view', elementwise: 'elementwise', source: 'source' } as const;

function described(node: Node, places: ReadonlyMap<Node, number>): AxisGraphNode {
  const { op, shape, dtype, attributes, storage } = node;
  if (storage) return { op: 'stored', kind: 'source', shape, dtype, inputs: [], attributes: {}, relations: [] };
  return {
    op: op.name,
    kind: kinds[op.family as keyof typeof kinds] ?? 'other',
    shape,
    dtype,
    inputs: node.inputs.map((input) => places.get(input) as number),
    attributes,
    relations: relationsOf(node),
  };
}
