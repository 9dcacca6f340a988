/** The description of a model for a file, from which anybody can build it. */
import { aText, check } from '@espalier/tensor/arguments';
import { show, showName } from '../config/fields.ts';
import { StateError } from '../errors.ts';
import { isRecord } from '../json.ts';
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
    const { type } = module.config();
    if (!known.has(type))
      throw new StateError(
        operation,
        `${name === '' ? 'the model' : name} is of the type ${showName(type)}, which is not registered, so that nobody could load it; register it with registerModule first`,
      );
  }
  const config = model.config();
  const flaw = flawOf(config, '');
  if (flaw) throw new StateError(operation, `the config of the model has ${flaw}, which a file cannot hold`);
  return config;
}

/** What of a value JSON cannot carry, and where. A field that is undefined is not there, in JSON as in the object. */
function flawOf(value: unknown, place: string): string | undefined {
  if (!isRecord(value) && !Array.isArray(value)) return isCarried(value) ? undefined : `${show(value)} at ${place}`;
  if (!Array.isArray(value) && ![Object.prototype, null].includes(Object.getPrototypeOf(value) as null))
    return `an object of a class at ${place}`;
  for (const [key, each] of Object.entries(value)) {
    const inside = Array.isArray(value) ? `${place}[${key}]` : place === '' ? key : `${place}.${key}`;
    const flaw = each === undefined && !Array.isArray(value) ? undefined : flawOf(each, inside);
    if (flaw) return flaw;
  }
  return undefined;
}

const isCarried = (value: unknown): boolean =>
  value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
