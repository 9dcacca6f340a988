/** What passes that change the structure of a model have in common. */
import type { Dataset, Module, Parameter } from '@espalier/nn';
import type { TensorType } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import type { OrderRule, PassContext } from '../recipe/pass.ts';

/** Cutting comes before whatever is decided of single weights. */
export const structureOrder: readonly OrderRule[] = [
  {
    before: 'zeros',
    after: 'structure',
    reason: 'cuts layers whose masks were chosen for their old sizes, and would lose them; shrink first, then prune',
  },
  {
    before: 'numbers',
    after: 'structure',
    reason:
      'cuts layers whose numbers were chosen for their old sizes, and would lose them; shrink first, then quantize',
  },
  {
    before: 'structure',
    after: 'architecture',
    reason: 'puts a new network in place and loses what was cut; distil into the student first, then shrink it',
  },
];

/** Whether the numbers of a parameter are what the model computes with. */
export function isPlain(parameter: Parameter): boolean {
  // Asked for its views, a stored weight would become dense.
  return !parameter.stored && parameter.views.length === 0;
}

/** @throws {RecipeError} for weights that are seen through views, or stored in a format: what is cut are plain weights. */
export function checkPlain(place: string, model: Module): void {
  for (const [name, parameter] of model.namedParameters()) {
    if (isPlain(parameter)) continue;
    const how = parameter.stored ? 'is stored in a format' : `is seen through the view ${parameter.views[0]?.name}`;
    throw new RecipeError(place, `${name} ${how}; shrink first, or strip the model before`);
  }
}

/** The type of a batch of two examples. */
export async function batchOf(model: Module, data: Dataset): Promise<TensorType> {
  const { x, y } = await data.batch([0]);
  const device = model.parameters()[0]?.device ?? x.device;
  const batch = { shape: [2, ...x.shape.slice(1)], dtype: x.dtype, device };
  x.dispose();
  y.dispose();
  return batch;
}

/**
 * The examples that a pass looks at.
 * @throws {RecipeError} where there is none.
 */
export function exampleData(place: string, { data }: PassContext): Dataset {
  if (data?.train && data.train.size > 0) return data.train;
  throw new RecipeError(place, 'looks at examples, and there is no training data; give data.train');
}
