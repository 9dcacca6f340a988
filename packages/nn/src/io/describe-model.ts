/** The description of a model for a file, from which anybody can build it. */
import { anObject, aText, check, jsonFlaw } from '@espalier/tensor/arguments';
import { showName } from '../config/fields.ts';
import { StateError } from '../errors.ts';
import { moduleTypes } from '../layers/known.ts';
import type { Module, ModuleConfig } from '../module/module.ts';
import { aModule } from '../module/rule.ts';

/**
 * What `config()` says of a model that is to be saved.
 * @throws {StateError} naming the module, for a type that is not registered, which no program could build again, and
 * for what JSON would drop or change, such as functions and NaN.
 */
export function describeModel(operation: string, model: Module): ModuleConfig {
  check('describeModel', 'operation', operation, aText);
  check(operation, 'model', model, aModule);
  const known = new Set(moduleTypes());
  for (const [name, module] of model.namedModules()) {
    const place = name === '' ? 'the model' : name;
    const config = module.config();
    check<object>(operation, `the config of ${place}`, config, anObject);
    const { type } = config;
    if (type !== module.type)
      throw new StateError(
        operation,
        `the config of ${place} says that it is of the type ${showName(type)}, which would be loaded in its place; it is of the type ${showName(module.type)}`,
      );
    if (!known.has(type))
      throw new StateError(
        operation,
        `${place} is of the type ${showName(type)}, which is not registered, so that nobody could load it; register it with registerModule first`,
      );
  }
  const config = model.config();
  const flaw = jsonFlaw(config);
  if (flaw) throw new StateError(operation, `the config of the model has ${flaw}, which a file cannot hold`);
  return config;
}
