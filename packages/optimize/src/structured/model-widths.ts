/** Which widths of a model can be cut: those that its graph allows, and that the options of its modules can say. */
import type { Module } from '@espalier/nn';
import { aModule } from '@espalier/nn/arguments';
import type { TensorType } from '@espalier/tensor';
import { anObject, check } from '@espalier/tensor/arguments';
import { RecipeError } from '../errors.ts';
import type { Axis } from './axis.ts';
import { resizedModel } from './cut-model.ts';
import { remedy, resizedConfig } from './resize-config.ts';
import { axedGraph, type AxedGraph, type ModelWidths, type Width } from './widths.ts';

/**
 * The widths of a model, found by following each axis of each weight through the graph of one call: through residual ways,
 * concatenations, flattens, groups of channels, norms over examples, heads, tied weights. An op that says nothing of an axis
 * needs it whole; so does a norm over it. The model may be of any modules that trace: what they are called with other sizes
 * is found by trying their options. `batch` is the type of a batch; of two examples, since axes of size 1 say less.
 *
 * @example
 * modelWidths(model, { shape: [2, 784] }).widths.map(({ name, size }) => `${name}: ${size}`);
 */
export function modelWidths(model: Module, batch: TensorType): ModelWidths {
  check('modelWidths', 'model', model, aModule);
  check<object>('modelWidths', 'batch', batch, anObject);
  const { widths, whole } = cuttableGraph('modelWidths', model, batch);
  return { widths, whole };
}

/** The graph of a model with the widths that can be cut, as a trial with one unit less shows. */
export function cuttableGraph(place: string, model: Module, batch: TensorType): AxedGraph {
  const graph = axedGraph(model, batch);
  const reasons = new Map<Width, string>();
  const refused = (width: Width, attempt: (sizes: ReadonlyMap<Axis, number>) => void): boolean => {
    try {
      attempt(sizesOf(graph, [width]));
      return false;
    } catch (error) {
      if (!(error instanceof RecipeError)) throw error;
      reasons.set(width, error.message.replace(`${place}: `, '').replace(remedy, ''));
      return true;
    }
  };
  const described = graph.widths.filter(
    (width) => !refused(width, (sizes) => resizedConfig(place, model, graph, sizes)),
  );
  const whole = (sizes: ReadonlyMap<Axis, number>): void => resizedModel(place, model, graph, sizes, batch).dispose();
  const widths = canAll(described) ? described : described.filter((width) => !refused(width, whole));
  const others = [...reasons].flatMap(([{ members }, reason]) =>
    members.map(({ name, axis }) => ({ name, axis, reason })),
  );
  return { ...graph, widths, whole: [...graph.whole, ...others] };

  /** Most often nothing is wrong, and one trial with all of them tells so. */
  function canAll(all: readonly Width[]): boolean {
    try {
      whole(sizesOf(graph, all));
      return true;
    } catch (error) {
      if (error instanceof RecipeError) return false;
      throw error;
    }
  }
}

function sizesOf({ leaves }: AxedGraph, widths: readonly Width[]): Map<Axis, number> {
  return new Map(widths.map(({ name, size }) => [leaves.get(name) as Axis, size - 1]));
}
