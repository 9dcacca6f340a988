/** The types of module that JSON can name: those of this package, and those that others add. */
import { aFunction, aText, check, ruleOf } from '@espalier/tensor/arguments';
import { isRecord } from '../json.ts';
import { addedModules, addModule, type ModuleType } from '../module/registry.ts';
import { activations, moduleOf, type ActivationType } from './activation.ts';
import { builtInModules } from './built-in.ts';

/**
 * Makes the types of this package known, before any other can take their names. Not when they are imported: a bundle that
 * builds nothing, and registers nothing, has none of them.
 */
export function addBuiltIn(): void {
  for (const type of builtInModules) addModule('build', type);
}

/**
 * Makes a type known to `build`.
 * @throws {ConfigError} if the name is taken by another one.
 */
export function registerModule(type: ModuleType): void {
  addBuiltIn();
  addModule('registerModule', type);
}

/** The names of all known types, sorted. */
export function moduleTypes(): string[] {
  addBuiltIn();
  return addedModules();
}

const anActivationType = ruleOf<ActivationType>(
  'a type of activation function: { type, create }',
  (value) => isRecord(value) && aText.holds(value['type']) && aFunction.holds(value['create']),
);

/**
 * Makes an activation function known by its name: to `Activation`, and as a layer to descriptions of models.
 * @throws {ConfigError} if another one, or a type of module, has the name.
 */
export function registerActivation(type: ActivationType): void {
  check('registerActivation', 'type', type, anActivationType);
  if (activations.get(type.type) === type) return;
  addBuiltIn();
  addModule('registerActivation', moduleOf(type));
  activations.register('registerActivation', type);
}
