/** A model of which parts of its widths are cut off: smaller layers, with what is left of their weights. */
import { build, noteTrainedBy, trainedBy, type Module } from '@espalier/nn';
import { fromTyped, noGrad, type Tensor, type TensorType } from '@espalier/tensor';
import type { Axis, Kept, Sizes } from './axis.ts';
import { checkSame } from './check-same.ts';
import { modelGraph } from './model-graph.ts';
import { resizedConfig } from './resize-config.ts';
import type { AxedGraph } from './widths.ts';

/** Which indices of each width are kept, in order, by the names of widths; all of those that are not named. */
export type KeptWidths = ReadonlyMap<string, readonly number[]>;

/**
 * A new model that computes what the given one does where all weights of the units that are cut are 0.
 * @throws {RecipeError} where a module has no options for its new sizes, or computes something else with them than before.
 */
export async function cutModel(
  place: string,
  model: Module,
  graph: AxedGraph,
  keptWidths: KeptWidths,
  batch: TensorType,
): Promise<Module> {
  const kept: Kept = new Map([...keptWidths].map(([name, indices]) => [graph.leaves.get(name) as Axis, indices]));
  const sizes = new Map([...kept].map(([axis, indices]) => [axis, indices.length]));
  const small = resizedModel(place, model, graph, sizes, batch);
  const parts = [...model.rawTensors()].map(([name, tensor]): [string, Tensor] => {
    const at = graph.places.get(name);
    return [name, at === undefined ? tensor : part(tensor, graph.axes[at] as readonly Axis[], kept)];
  });
  small.load(new Map(parts));
  const originals = model.namedParameters();
  for (const [name, parameter] of small.namedParameters())
    parameter.trainable = originals.get(name)?.trainable ?? parameter.trainable;
  noteTrainedBy(small, trainedBy(model));
  return small;
}

/**
 * A freshly made model of the same kind, of other sizes.
 * @throws {RecipeError} as `cutModel`.
 */
export function resizedModel(place: string, model: Module, graph: AxedGraph, sizes: Sizes, batch: TensorType): Module {
  const config = resizedConfig(place, model, graph, sizes);
  const [first = model.buffers()[0]] = model.parameters();
  const small = build(config, { ...(first && { dtype: first.dtype, device: first.device }), seed: 0 }).eval();
  try {
    checkSame(place, graph, modelGraph(small, batch), sizes);
    return small;
  } catch (error) {
    small.dispose();
    throw error;
  }
}

/** What is left of a tensor. */
function part(tensor: Tensor, axes: readonly Axis[], kept: Kept): Tensor {
  const { device } = tensor;
  return noGrad(() =>
    axes.reduce((left, axis, at) => {
      const indices = axis.keptAt(kept);
      if (indices.length === axis.size) return left;
      return left.take(fromTyped(Int32Array.from(indices), [indices.length], { device }), at);
    }, tensor.detach()),
  ).realizeSync();
}
