/** A copy of a model in which some modules are described otherwise. */
import { build, noteTrainedBy, trainedBy, type Module, type ModuleConfig } from '@espalier/nn';
import { RecipeError } from '../errors.ts';
import { copyViews } from '../views/copy.ts';
import { configsBelow, replaced } from './config-parts.ts';

/** What stands where a layer was: no layer at all. All others keep their places and names. */
export const nothing: ModuleConfig = { type: 'sequential', layers: [] };

/**
 * A copy of a model, on its device, with other descriptions of some of its modules. Parameters and buffers keep their values,
 * views and ties by their names; new ones have initial values, and those that no module has any more are gone.
 * @throws {RecipeError} where the description of what holds such a module does not show it.
 */
export async function rewriteModel(
  place: string,
  model: Module,
  changes: ReadonlyMap<Module, (config: ModuleConfig) => ModuleConfig>,
): Promise<Module> {
  const left = new Map(changes);
  const seen = new Set([model]);
  const describe = (config: ModuleConfig, module: Module): ModuleConfig => {
    const below = configsBelow(seen, config, module) ?? new Map<object, Module>();
    return replaced(config, below, (each, child) => {
      const change = left.get(child);
      if (!change) return describe(each, child);
      left.delete(child);
      return change(each);
    }) as ModuleConfig;
  };
  const config = describe(model.config(), model);
  for (const [name, module] of model.namedModules())
    if (left.has(module))
      throw new RecipeError(place, `${name} does not show in the description of the module that holds it; exclude it`);
  const [first = model.buffers()[0]] = model.parameters();
  const made = build(config, { ...(first && { dtype: first.dtype, device: first.device }), seed: 0 }).eval();
  // What is stored becomes dense, with its views.
  for (const parameter of model.parameters()) void parameter.tensor;
  const values = model.rawTensors();
  made.load(new Map([...made.rawTensors()].map(([name, own]) => [name, (values.get(name) ?? own).detach()])));
  const originals = model.namedParameters();
  for (const [name, parameter] of made.namedParameters()) {
    const original = originals.get(name);
    if (!original) continue;
    parameter.trainable = original.trainable;
    for (const view of original.inputs) parameter.inputs.push(await view.copy(parameter.device));
    await copyViews(name, original, parameter);
  }
  noteTrainedBy(made, trainedBy(model));
  return made;
}
