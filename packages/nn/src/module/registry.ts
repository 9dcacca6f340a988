/** Module types by name, so that JSON can name them. */
import { aFunction, aText, check, ruleOf } from '@espalier/tensor/arguments';
import { ConfigError } from '../errors.ts';
import { inside, show, showName } from '../config/fields.ts';
import { isRecord } from '../json.ts';
import { Registry } from '../registry/registry.ts';
import type { BuildContext } from './build-context.ts';
import type { Module, ModuleConfig } from './module.ts';
import { aModule } from './rule.ts';
import { findSame, sameType, tieParameters, tiesField } from './sharing.ts';

/** Builds a submodule from the JSON at a place inside the current one. */
export type BuildChild = (config: unknown, place: string) => Module;

/** How a type of module is built from JSON. */
export interface ModuleType {
  readonly type: string;
  /**
   * `where` is the place of the config, for errors.
   * @throws {ConfigError} for a description that is wrong.
   */
  readonly build: (config: ModuleConfig, context: BuildContext, where: string, child: BuildChild) => Module;
}

const aModuleType = ruleOf<ModuleType>(
  'a type of module: { type, build }',
  (value) => isRecord(value) && aText.holds(value['type']) && aFunction.holds(value['build']),
);

// Those of this package come when somebody asks (`layers/known.ts`): each of them imports this file.
const types = new Registry<ModuleType>('type of module', ({ type }) => type);

/**
 * Adds a type.
 * @throws {ConfigError} that says the operation, if the name is taken by another one.
 */
export function addModule(operation: string, type: ModuleType): void {
  check(operation, 'type', type, aModuleType);
  if (type.type === sameType)
    throw new ConfigError(
      operation,
      `'${sameType}' stands for a module that was described before; choose another name`,
    );
  types.register(operation, type);
}

/** The names of the types that were added, sorted. */
export function addedModules(): string[] {
  return types.names.toSorted();
}

/**
 * Builds whatever module the JSON describes; `built` has those that came before, by their places.
 * @throws {ConfigError} naming the place of whatever is wrong in it.
 */
export function buildModule(
  config: unknown,
  context: BuildContext,
  where: string,
  built: Map<string, Module> = new Map(),
): Module {
  if (!isRecord(config) || typeof config['type'] !== 'string')
    throw new ConfigError(where, `is ${show(config)}; it must be an object with a type`);
  if (config['type'] === sameType) return findSame(config as ModuleConfig, built, where);
  const { [tiesField]: ties, ...own } = config;
  const type = types.get(config['type']);
  if (!type)
    throw new ConfigError(
      where === '' ? 'type' : `${where}.type`,
      `${showName(config['type'])} is no known module; known are ${addedModules().join(', ')}`,
    );
  const module = type.build(own as ModuleConfig, context, where, (child, place) =>
    buildModule(child, context, inside(where, place), built),
  );
  check(where === '' ? 'build' : where, `what ${type.type} builds`, module, aModule);
  if (ties !== undefined) tieParameters(module, ties, where);
  built.set(where, module);
  return module;
}
