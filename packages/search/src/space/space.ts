/** The space itself: sampling, building, reading, keys and comparison of configs, all by the kinds of its nodes. */
import { deepest, json } from '../checked/check.ts';
import { quote } from '../checked/quote.ts';
import { ConfigError, SpaceError, ValueError, type ConfigIssue } from '../errors.ts';
import { isObject } from '../json.ts';
import type { RandomStream } from '../random/random-stream.ts';
import { describeNode, groupKind, kindOf, parseNode } from './kinds/table.ts';
import { mostParameters } from './kinds/list.ts';
import type { Choose, ConfigObject, ConfigVisitor, GroupNode } from './node.ts';
import type { SpaceChange } from './space-change.ts';
import { fromUnit } from './number-scale.ts';
import type { Parameter, ParameterValue } from './parameter.ts';

/** The JSON form of a space. */
export interface SpaceJson {
  readonly format: 'espalier-space';
  /** The version of this form; this package writes and reads 1. */
  readonly version: number;
  readonly root: GroupNode;
}

/** An active parameter of a config. */
export interface ActiveParameter {
  readonly parameter: Parameter;
  readonly value: ParameterValue;
}

const format = 'espalier-space';
const version = 1;
/** Stands for a key that was never asked for. */
const unknownKey = '';

/** What there is in a config: at each index an active parameter, a branch before its parameters. */
class Reading implements ConfigVisitor {
  readonly paths: string[] = [];
  readonly parameters: Parameter[] = [];
  readonly values: ParameterValue[] = [];
  readonly issues: ConfigIssue[] = [];

  parameter(path: string, parameter: Parameter, value: ParameterValue): void {
    this.paths.push(path);
    this.parameters.push(parameter);
    this.values.push(value);
  }

  issue(path: string, message: string): void {
    this.issues.push({ path, message });
  }
}

/** Refuses the first value that is not its parameter's. */
const strict: ConfigVisitor = {
  parameter: () => undefined,
  issue: (path, message) => {
    throw new ConfigError('config', [{ path, message }]);
  },
};

/** A value of the parameter's own distribution. */
export function sampleParameter(parameter: Parameter, random: RandomStream): ParameterValue {
  return parameter.kind === 'choice' ? (random.pick(parameter.values) ?? null) : fromUnit(parameter, random.uniform());
}

/**
 * What every copy of this package knows a space by: `instanceof` tells the copies apart. Its version is that of a space's
 * JSON form, by which one copy can make another's space its own.
 */
const brand = Symbol.for(`${format}@${version}`);

/** Whether a value is a space, of this or another copy of this package. */
export function isSpace(value: unknown): value is Space {
  return typeof value === 'object' && value !== null && brand in value;
}

/**
 * A set of configs: the data of {@link space} and the operations that every strategy is made of. A space never
 * changes, and the configs it makes are frozen.
 */
export class Space<Config extends ConfigObject = ConfigObject> {
  readonly root: GroupNode;
  /** The configs that this space made: frozen, and known to be whole; each with its key, once that was asked for. */
  readonly #made = new WeakMap<object, string>();
  /** The paths of the config whose key was made last. */
  #paths: readonly string[] = [];
  /** The places of those paths in the order of a key, each with the path as a key has it. */
  #order: readonly { readonly place: number; readonly head: string }[] = [];

  /** @throws {SpaceError} when it has more than 100,000 parameters, or is nested too deep to be stored. */
  constructor(root: GroupNode) {
    const problem = json(deepest)(root);
    if (problem !== undefined) throw new SpaceError('space', `it ${problem}: nest less`);
    const count = groupKind.count(root);
    if (count > mostParameters) {
      throw new SpaceError(
        'space',
        `it has up to ${count} parameters: it may have ${mostParameters}: lower the lengths of lists`,
      );
    }
    this.root = root;
    Object.defineProperty(this, brand, { value: true });
  }

  /** How many configs there are; Infinity when a parameter is continuous. Exact up to 2^53. */
  get size(): number {
    return groupKind.size(this.root);
  }

  /** Every parameter by path, whether or not a config makes it active. */
  parameters(): ReadonlyMap<string, Parameter> {
    const found = new Map<string, Parameter>();
    groupKind.parameters(this.root, '', (path, parameter) => found.set(path, parameter));
    return found;
  }

  /**
   * Makes a config by asking for the value of each parameter that becomes active, a branch before its parameters.
   * @throws {ConfigError} when an answer is not one of the parameter's values.
   */
  build(choose: Choose): Config {
    const made = groupKind.build(this.root, '', (path, parameter) => {
      const value = choose(path, parameter);
      kindOf(parameter).read(parameter, value, path, strict);
      return value;
    }) as Config;
    this.#made.set(made, unknownKey);
    return made;
  }

  /**
   * The config of that index, in [0, size); every config of a finite space has one.
   * @throws {ValueError} for an index that there is not.
   */
  at(index: number): Config {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.size) {
      throw new ValueError(`at: the index is ${quote(index)}: give a whole number from 0 to ${this.size - 1}`);
    }
    return groupKind.at(this.root, index) as Config;
  }

  /** A config drawn at random: the value at a path is the first draw of the stream of that path. */
  sample(random: RandomStream): Config {
    return this.build((path, parameter) => sampleParameter(parameter, random.at(path)));
  }

  /** Everything that keeps a value from being a config of this space; empty when it is one. */
  issues(config: unknown): readonly ConfigIssue[] {
    const reading = new Reading();
    groupKind.read(this.root, config, '', reading);
    return reading.issues;
  }

  /** Whether a value is a config of this space. */
  contains(config: unknown): config is Config {
    return this.issues(config).length === 0;
  }

  /**
   * The active parameters of a config by path, a branch before its parameters.
   * @throws {ConfigError} when the config is not in the space.
   */
  flatten(config: unknown): ReadonlyMap<string, ActiveParameter> {
    const { paths, parameters, values } = this.#read(config);
    const found = new Map<string, ActiveParameter>();
    for (const [index, parameter] of parameters.entries()) {
      found.set(paths[index] ?? '', { parameter, value: values[index] ?? null });
    }
    return found;
  }

  /**
   * A frozen copy of a config with its names in the space's order.
   * @throws {ConfigError} when the config is not in the space.
   */
  normalize(config: unknown): Config {
    if (typeof config === 'object' && config !== null && this.#made.has(config)) return config as Config;
    const flat = this.flatten(config);
    const made = groupKind.build(this.root, '', (path) => flat.get(path)?.value ?? null) as Config;
    this.#made.set(made, unknownKey);
    return made;
  }

  /**
   * A text that two configs share exactly when they are equal, whatever the order of names in them or in the space.
   * @throws {ConfigError} when the config is not in the space.
   */
  key(config: Config): string {
    const known = this.#made.get(config);
    if (known !== undefined && known !== unknownKey) return known;
    const { paths, values } = this.#read(config);
    // Most configs have the same parameters as the one before, and so the same order.
    if (paths.length !== this.#paths.length || paths.some((path, index) => path !== this.#paths[index])) {
      this.#paths = paths;
      this.#order = paths
        .map((path, place) => ({ path, place, head: `[${JSON.stringify(path)},` }))
        .toSorted((a, b) => (a.path < b.path ? -1 : 1));
    }
    const parts = this.#order.map(({ place, head }) => {
      const value = values[place] ?? null;
      return `${head}${typeof value === 'number' ? value : JSON.stringify(value)}]`;
    });
    const key = `[${parts.join()}]`;
    if (known !== undefined) this.#made.set(config, key);
    return key;
  }

  /** What changed from an earlier space to this one; empty when they are the same. */
  changesSince(earlier: Space): readonly SpaceChange[] {
    return groupKind.diff(earlier.root, this.root, '');
  }

  /** The space as a user would write it. */
  toString(): string {
    return `space(${describeNode(this.root)})`;
  }

  /** The JSON form, which {@link spaceFromJson} reads. */
  toJSON(): SpaceJson {
    return { format, version, root: this.root };
  }

  /** @throws {ConfigError} when the config is not in the space. */
  #read(config: unknown): Reading {
    const reading = new Reading();
    groupKind.read(this.root, config, '', reading);
    if (reading.issues.length > 0) throw new ConfigError('config', reading.issues);
    return reading;
  }
}

/**
 * Reads the JSON form of a space.
 * @throws {SpaceError} when it is damaged, or of a version this package does not read.
 */
export function spaceFromJson(given: unknown): Space {
  if (!isObject(given) || given['format'] !== format) {
    throw new SpaceError('space', `its format is not '${format}': give what JSON.stringify(space) wrote`);
  }
  if (given['version'] !== version) {
    const found = quote(given['version']);
    throw new SpaceError(
      'space',
      `its version is ${found}: this package reads ${version}; install the one that wrote it`,
    );
  }
  const problem = json(deepest)(given['root']);
  if (problem !== undefined) throw new SpaceError('space', `its root ${problem}`);
  const root = parseNode(given['root'], '');
  if (root.kind !== 'group') throw new SpaceError('space', `its root is a ${root.kind}: it must be a group`);
  return new Space(root);
}
