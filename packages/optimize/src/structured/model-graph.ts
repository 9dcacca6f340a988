/** The graph of one call of a model: what is computed from what, by which module, and where its weights come in. */
import { callContext, enterEvaluation, type CallSite, type Module } from '@espalier/nn';
import {
  axisGraph,
  dryRun,
  noGrad,
  type AxisGraph,
  type AxisGraphNode,
  type Tensor,
  type TensorType,
} from '@espalier/tensor';

/** A call of a module. Places are those of nodes. */
export interface GraphSite {
  /** The dotted name of the place. */
  readonly name: string;
  readonly module: Module;
  readonly input: number;
  readonly output: number;
}

/** A graph of a model. */
export interface ModelGraph {
  readonly nodes: readonly AxisGraphNode[];
  /** Of parameters and buffers that the output depends on, by their first names. */
  readonly places: ReadonlyMap<string, number>;
  readonly input: number | undefined;
  readonly output: number;
  /** In the order in which they end. */
  readonly sites: readonly GraphSite[];
}

/** What a model in evaluation does with a batch of a type; nothing is computed, and the model stays as it is. */
export function modelGraph(model: Module, batch: TensorType): ModelGraph {
  // What a weight was assigned and nobody has read yet is no part of the model.
  for (const tensor of model.rawTensors().values()) tensor.realizeSync();
  const leave = enterEvaluation(model);
  try {
    return dryRun([batch], (x) => {
      const calls: { readonly site: CallSite; readonly x: Tensor; readonly y: Tensor }[] = [];
      const open: Tensor[] = [];
      const input = (value: Tensor): void => void open.push(value);
      const output = (y: Tensor, site: CallSite): void => void calls.push({ site, x: open.pop() as Tensor, y });
      const y = noGrad(() => model.call(x, callContext({ taps: [{ at: () => true, input, output }] })));
      const graph = axisGraph(y);
      const tensors = [...model.rawTensors()];
      return {
        nodes: graph.nodes,
        places: new Map(tensors.flatMap(([name, tensor]) => placed(graph, tensor, (place) => [name, place] as const))),
        input: graph.placeOf(x),
        output: graph.placeOf(y) as number,
        sites: calls.flatMap(({ site: { name, module }, x: from, y: to }) =>
          placed(graph, to, (end) => ({ name, module, input: graph.placeOf(from) ?? -1, output: end })),
        ),
      };
    });
  } finally {
    leave();
  }
}

function placed<Found>({ placeOf }: AxisGraph, tensor: Tensor, make: (place: number) => Found): Found[] {
  const place = placeOf(tensor);
  return place === undefined ? [] : [make(place)];
}

/** The innermost module that computes a node, in words: `3.norm`. */
export function whereOf({ sites }: Pick<ModelGraph, 'sites'>, place: number): string {
  const site = sites.find(({ input, output }) => input < place && place <= output);
  return site === undefined || site.name === '' ? 'the model' : site.name;
}
