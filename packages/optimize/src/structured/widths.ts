/** The widths of a model: numbers of neurons, channels and heads that can be cut, and what has to be cut with each of them. */
import type { Module } from '@espalier/nn';
import type { AxisPlace, AxisRelation, TensorType } from '@espalier/tensor';
import { Axis } from './axis.ts';
import { modelGraph, whereOf, type ModelGraph } from './model-graph.ts';

/** What one index of a width stands for. */
export type WidthKind = 'neuron' | 'channel' | 'head';

/** An axis of a parameter or buffer that is cut along with a width. */
export interface WidthMember {
  /** The dotted name of the parameter or buffer. */
  readonly name: string;
  readonly axis: number;
  /** For each index of the axis, the index of the width that it goes with; -1 for one that stays. */
  readonly indices: Int32Array;
}

/** A number of neurons, channels or heads that can be made smaller. */
export interface Width {
  /** That of the first weight that makes it, and the axis: `1.weight[0]`. */
  readonly name: string;
  readonly kind: WidthKind;
  readonly size: number;
  readonly members: readonly WidthMember[];
}

/** An axis of a parameter that cannot be cut. */
export interface WholeAxis {
  readonly name: string;
  readonly axis: number;
  /** `the input of the model`, `sum of 3.norm adds up along it`. */
  readonly reason: string;
}

/** What is known of the widths of a model. */
export interface ModelWidths {
  readonly widths: readonly Width[];
  /** Axes that are larger than 1 and cannot be cut, with the reason. */
  readonly whole: readonly WholeAxis[];
}

/** A model's graph with an axis for each axis of each node. */
export interface AxedGraph extends ModelGraph, ModelWidths {
  readonly axes: readonly (readonly Axis[])[];
  /** Of each width, by its name. */
  readonly leaves: ReadonlyMap<string, Axis>;
}

/** The graph of a model, its axes and its widths. */
export function axedGraph(model: Module, batch: TensorType): AxedGraph {
  const graph = modelGraph(model, batch);
  const axes = graph.nodes.map(({ shape }) => shape.map((size) => new Axis(size)));
  const heads = relate(graph, axes);
  const tensors = [...graph.places].map(([name, place]) => ({ name, axes: axes[place] as readonly Axis[] }));
  const weights = new Set(graph.places.values());
  const computed = new Set(
    axes.flatMap((own, place) => (weights.has(place) ? [] : own.flatMap(({ leaves }) => leaves))),
  );
  const all = [...new Set(tensors.flatMap((each) => each.axes.flatMap(({ leaves }) => leaves)))];
  // What a model passes over this time, such as positions behind the last one, it may need another time.
  for (const leaf of all) if (!computed.has(leaf)) leaf.keepWhole('nothing was computed of it');
  const found = all.filter((leaf) => leaf.size > 1 && leaf.reason === undefined);
  const leaves = new Map<string, Axis>();
  const kindOf = (leaf: Axis, members: readonly WidthMember[]): WidthKind =>
    heads.has(leaf)
      ? 'head'
      : members.some(({ name }) => (graph.nodes[graph.places.get(name) as number]?.shape.length ?? 0) > 2)
        ? 'channel'
        : 'neuron';
  const widths = found.map((leaf): Width => {
    const members = tensors.flatMap(({ name, axes: own }) =>
      own.flatMap((axis, at) => (axis.leaves.includes(leaf) ? { name, axis: at, indices: axis.indicesOf(leaf) } : [])),
    );
    // What makes it has it in front.
    const { name: maker, axis } = (members.find((each) => each.axis === 0) ?? members[0]) as WidthMember;
    const first = `${maker}[${axis}]`;
    const others = [...leaves.keys()].filter((each) => each === first || each.startsWith(`${first}#`)).length;
    const name = others === 0 ? first : `${first}#${others + 1}`;
    leaves.set(name, leaf);
    return { name, kind: kindOf(leaf, members), size: leaf.size, members };
  });
  const whole = tensors.flatMap(({ name, axes: own }) =>
    own.flatMap((each, axis): WholeAxis[] => {
      const { reason, size } = each;
      return reason === undefined || size === 1 ? [] : [{ name, axis, reason }];
    }),
  );
  return { ...graph, axes, leaves, widths, whole };
}

/** Says of all axes what the ops of the nodes say of them. Gives those of heads: along which computed tensors are multiplied side by side. */
function relate(graph: ModelGraph, axes: readonly (readonly Axis[])[]): Set<Axis> {
  const known = new Set(graph.places.values());
  /** Weights, and views of them: a product with one is 0 wherever the weight is. */
  const weights = new Set<number>();
  const heads: Axis[] = [];
  for (const [place, { op, kind, inputs, relations }] of graph.nodes.entries()) {
    const own = axes[place] as readonly Axis[];
    const where = `${op} of ${whereOf(graph, place)}`;
    if (known.has(place) || (kind === 'view' && inputs.every((each) => weights.has(each)))) weights.add(place);
    if (known.has(place)) continue;
    if (kind === 'source')
      for (const axis of own)
        axis.keepWhole(place === graph.input ? 'it is an axis of what the model is given' : `${where} is no parameter`);
    const named = new Set<string>();
    const hidden = new Map<number, Axis>();
    const axisOf = (at: AxisPlace): Axis => {
      if ('hidden' in at) {
        const axis = hidden.get(at.hidden) ?? new Axis(at.size);
        hidden.set(at.hidden, axis);
        return axis;
      }
      named.add(JSON.stringify(at));
      return ('output' in at ? own[at.output] : axes[inputs[at.input] as number]?.[at.axis]) as Axis;
    };
    for (const relation of relations) say(relation, axisOf, where);
    for (const [axis, each] of own.entries())
      if (!named.has(JSON.stringify({ output: axis }))) each.keepWhole(`${where} needs it whole`);
    for (const [input, from] of inputs.entries())
      for (const [axis, each] of (axes[from] as readonly Axis[]).entries())
        if (!named.has(JSON.stringify({ input, axis }))) each.keepWhole(`${where} needs it whole`);
    const isComputed = (at: AxisPlace): boolean => !('input' in at) || !weights.has(inputs[at.input] as number);
    const summed = relations.find((each) => each.kind === 'contracted');
    if (!summed?.axes.every(isComputed)) continue;
    for (const at of summed.axes)
      axisOf(at).keepWhole(`${where} multiplies two tensors along it of which neither is a weight`);
    for (const each of relations)
      if (each.kind === 'same' && each.axes.length > 2) heads.push(axisOf(each.axes[0] as AxisPlace));
  }
  for (const axis of axes[graph.output] as readonly Axis[]) axis.keepWhole('it is an axis of what the model gives');
  return new Set(heads.flatMap(({ leaves }) => leaves));
}

function say(relation: AxisRelation, axisOf: (at: AxisPlace) => Axis, where: string): void {
  switch (relation.kind) {
    case 'same':
    case 'contracted': {
      const [first, ...others] = relation.axes.map(axisOf);
      for (const other of others) first?.is(other, where);
      return;
    }
    case 'joined': {
      const [before, after] = relation.sides.map((side) => Axis.product(side.map(axisOf))) as [Axis, Axis];
      return before.is(after, where);
    }
    case 'parts':
      return axisOf(relation.whole).is(Axis.sum(relation.parts.map(axisOf)), where);
    case 'repeated':
      return void axisOf(relation.axis);
  }
}
