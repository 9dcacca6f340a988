/** Copies of models, with and without their views. */
import { cloneModel, prefer, type Module, type Parameter, type ParameterView } from '@espalier/nn';
import { aModule } from '@espalier/nn/arguments';
import { fromTyped, sizeOf, type Device } from '@espalier/tensor';
import { aDevice, check, checkOptions } from '@espalier/tensor/arguments';
import { RecipeError } from '../errors.ts';
import { ScaledInput } from '../scaling/scaled-input.ts';
import { materialize, restore } from '../layout/materialize.ts';
import { isViewed, uncarried } from './carried.ts';
import { copyView, typeOfView } from './view-type.ts';

/**
 * A copy of a model that trains on its own, with the same masks, quantization and other views, and the same ties; on
 * another device where one is given.
 * @throws {RecipeError} naming it, for a view that has no `copy` and whose kind is not registered.
 */
export async function copyModel(model: Module, options: { readonly device?: Device } = {}): Promise<Module> {
  check('copyModel', 'model', model, aModule);
  checkOptions('copyModel', options, { device: aDevice });
  const originals = model.namedParameters();
  for (const [name, parameter] of originals) {
    // A stored weight tells its views when it becomes dense, in the copy as in the original.
    const fixed = viewsOf(parameter).find((view) => !view.copy && !typeOfView(view));
    if (fixed)
      throw new RecipeError(
        'copyModel',
        `the view '${fixed.name}' of ${name} cannot be copied; give it a copy function, register its kind (registerView), or remove it before`,
      );
  }
  const copied = await cloneModel(model, options);
  for (const [name, parameter] of copied.namedParameters()) {
    const original = originals.get(name);
    if (!original) continue;
    await copyViews(name, original, parameter);
  }
  return copied;
}

/**
 * A plain copy of a model: its parameters hold what the views showed, and the views are gone. It computes the same, at the
 * cost of a dense model, and anything that reads plain weights reads it. Activations that were rounded no longer are.
 */
export async function strip(model: Module): Promise<Module> {
  check('strip', 'model', model, aModule);
  const plain = await cloneModel(model);
  const originals = model.namedParameters();
  for (const [name, parameter] of plain.namedParameters()) {
    const original = originals.get(name);
    const before = parameter.inputs.splice(0);
    if (original && (original.stored || original.views.length > 0)) await showPlainly(parameter, original);
    for (const view of before) if (view instanceof ScaledInput) foldScales(parameter, view);
  }
  return plain;
}

/**
 * A copy of a model as it will be when its file is loaded: masked and quantized weights are stored in their formats where
 * the device computes from those, and what other views show is plain. Its values are the same to the last bit; products
 * with them may add up in another order.
 */
export async function materializeModel(model: Module): Promise<Module> {
  check('materializeModel', 'model', model, aModule);
  const copy = await cloneModel(model);
  const originals = model.namedParameters();
  let isLoaded = false;
  for (const [name, parameter] of copy.namedParameters()) {
    const original = originals.get(name);
    if (!original || original.stored || original.views.length === 0) continue;
    if (isViewed(original) && !uncarried(original)) {
      await copyViews(name, original, parameter);
      continue;
    }
    if (uncarried(original) || original.dtype !== 'f32') {
      await showPlainly(parameter, original);
      continue;
    }
    const weight = await materialize(original, name);
    restore(name, parameter, weight, weight.arrays);
    isLoaded = true;
  }
  // What was stored before keeps what it was told.
  if (isLoaded) prefer(copy, 'balance');
  return copy;
}

const viewsOf = (parameter: Parameter): readonly ParameterView[] => (parameter.stored ? [] : parameter.views);

/** Gives a parameter the views of another that can be copied. */
export async function copyViews(name: string, from: Parameter, to: Parameter): Promise<void> {
  for (const view of viewsOf(from)) {
    const copy = await copyView(name, view, to.tensor);
    if (copy) to.views.push(copy);
  }
}

/** Divides the weights by what their inputs were divided by; of a convolution with groups those are some channels for each. */
function foldScales(parameter: Parameter, { factors }: ScaledInput): void {
  const { tensor } = parameter;
  const [rows = 1, inputs = 1, ...kernel] = tensor.shape;
  const groups = factors.length / inputs;
  const shares = fromTyped(
    factors.map((factor) => 1 / factor),
    [groups, 1, inputs, 1],
    { device: tensor.device },
  );
  const each = tensor.detach().reshape([groups, rows / groups, inputs, sizeOf(kernel)]);
  tensor.assign(each.mul(shares).reshape(tensor.shape).realizeSync());
}

/** Gives a parameter the values that another shows. */
async function showPlainly(parameter: Parameter, original: Parameter): Promise<void> {
  const value = original.value.detach().realizeSync();
  parameter.views.length = 0;
  const { dtype, device } = parameter.tensor;
  parameter.tensor.assign((await value.to(device)).cast(dtype).realizeSync());
}
