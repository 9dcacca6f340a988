/** Copies of models, with and without their views. */
import { cloneModel, type Module } from '@espalier/nn';
import type { Device } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';

/**
 * A copy of a model that trains on its own, with the same masks, quantization and other views, and the same ties; on another
 * device where one is given. Throws RecipeError, naming it, for a view that has no `copy`.
 */
export async function copyModel(model: Module, options: { readonly device?: Device } = {}): Promise<Module> {
  const originals = model.namedParameters();
  for (const [name, { views }] of originals) {
    const fixed = views.find(({ copy }) => copy === undefined);
    if (fixed)
      throw new RecipeError(
        'copyModel',
        `the view '${fixed.name}' of ${name} cannot be copied; give it a copy function, or remove it before`,
      );
  }
  const copied = await cloneModel(model, options);
  for (const [name, parameter] of copied.namedParameters()) {
    const original = originals.get(name);
    if (!original) continue;
    for (const { copy } of original.views) if (copy) parameter.views.push(await copy(parameter.tensor));
  }
  return copied;
}

/**
 * A plain copy of a model: its parameters hold what the views showed, and the views are gone. It computes the same, at the
 * cost of a dense model, and anything that reads plain weights reads it.
 */
export async function strip(model: Module): Promise<Module> {
  const plain = await cloneModel(model);
  const originals = model.namedParameters();
  for (const [name, parameter] of plain.namedParameters()) {
    const original = originals.get(name);
    if (!original || original.views.length === 0) continue;
    const { dtype, device } = parameter.tensor;
    parameter.tensor.assign((await original.value.detach().to(device)).cast(dtype).realizeSync());
  }
  return plain;
}
