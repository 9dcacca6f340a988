/** Models in which a module, or a weight, stands in more than one place: as JSON, and back. */
import { inside, show } from '../config/fields.ts';
import { ConfigError } from '../errors.ts';
import { isRecord } from '../json.ts';
import type { Module, ModuleConfig } from './module.ts';
import type { Parameter } from './parameter.ts';

/** The type that stands in JSON where a module is one that was described before: `{ type: 'same', as: 'layers[0]' }`. */
export const sameType = 'same';

/** The field of a module in JSON that names its tied weights: `{ 'head.weight': 'embedding.weight' }`. */
export const tiesField = 'ties';

/** Whose config is whose, while a model is described. */
let described: Map<object, Module> | undefined;

/**
 * What a module says of itself, as `describe` gives it. Of the outermost one that is asked, all modules below it but
 * the first of several that are the same are replaced by a reference, and tied parameters are listed.
 * @throws {ConfigError} where a container does not pass on what its modules say.
 */
export function describeModule(module: Module, describe: () => ModuleConfig): ModuleConfig {
  if (described) {
    // A copy, since a module may always give the same object, or the same as others do.
    const config = { ...describe() };
    described.set(config, module);
    return config;
  }
  const configs = new Map<object, Module>();
  described = configs;
  let whole: ModuleConfig;
  try {
    whole = describe();
  } finally {
    described = undefined;
  }
  const references = countReferences(module);
  const named = references === 0 ? whole : nameSame(whole, configs, references);
  const ties = tiesOf(module);
  return ties.size === 0 ? named : { ...named, [tiesField]: Object.fromEntries(ties) };
}

/** How often a module stands in a place below another after the first one. */
function countReferences(root: Module): number {
  let references = 0;
  for (const module of root.namedModules().values()) references += module.children().size;
  return references - (root.namedModules().size - 1);
}

function nameSame(whole: ModuleConfig, configs: ReadonlyMap<object, Module>, expected: number): ModuleConfig {
  const places = new Map<Module, string>();
  let replaced = 0;
  const walk = (value: unknown, place: string): unknown => {
    if (Array.isArray(value)) return value.map((each: unknown, index) => walk(each, `${place}[${index}]`));
    if (!isRecord(value)) return value;
    const module = configs.get(value);
    const known = module && places.get(module);
    if (known !== undefined) {
      replaced++;
      return { type: sameType, as: known };
    }
    if (module) places.set(module, place);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, walk(each, inside(place, key))]));
  };
  const named = walk(whole, '') as ModuleConfig;
  if (replaced < expected)
    throw new ConfigError(
      '',
      `a module of the ${whole.type} is used in several places, and its container's config() does not hold what config() of the module gives; return that object itself`,
    );
  return named;
}

/** Parameters that are tied to others, by name; each to the first of its kind. */
function tiesOf(root: Module): Map<string, string> {
  const first = new Map<object, string>();
  const ties = new Map<string, string>();
  for (const [path, module] of root.namedModules())
    for (const [name, parameter] of module.namedParameters({ prefix: path, own: true, repeated: true })) {
      const known = first.get(parameter.identity);
      if (known === undefined) first.set(parameter.identity, name);
      else ties.set(name, known);
    }
  return ties;
}

/**
 * The module that `{ type: 'same', as }` stands for.
 * @throws {ConfigError} where nothing was built at that place.
 */
export function findSame(config: ModuleConfig, built: ReadonlyMap<string, Module>, where: string): Module {
  const { type: _, as: place, ...others } = config;
  const [extra] = Object.keys(others);
  if (extra !== undefined) throw new ConfigError(inside(where, extra), 'is no known field; known are as');
  const module = typeof place === 'string' ? built.get(place) : undefined;
  if (!module)
    throw new ConfigError(
      inside(where, 'as'),
      `is ${show(place)}, where no module stands that comes before; there are ${[...built.keys()].join(', ') || 'none'}`,
    );
  return module;
}

/**
 * Ties the parameters of a module that was just built.
 * @throws {ConfigError} for names of no parameters, and for parameters that cannot be one.
 */
export function tieParameters(module: Module, ties: unknown, where: string): void {
  const place = inside(where, tiesField);
  if (!isRecord(ties)) throw new ConfigError(place, `is ${show(ties)}; it must map names of parameters to names`);
  const parameters = module.namedParameters({ repeated: true });
  const find = (name: unknown, at: string): Parameter => {
    const found = typeof name === 'string' ? parameters.get(name) : undefined;
    if (!found)
      throw new ConfigError(at, `${show(name)} is no parameter; there are ${[...parameters.keys()].join(', ')}`);
    return found;
  };
  for (const [name, to] of Object.entries(ties)) {
    const at = inside(place, name);
    const [own, other] = [find(name, at), find(to, at)];
    try {
      own.tie(other);
    } catch (error) {
      throw new ConfigError(at, (error as Error).message);
    }
  }
}
