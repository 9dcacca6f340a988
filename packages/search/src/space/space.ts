import { ConfigError, SpaceError } from '../errors.ts';
import type { ConfigIssue } from '../errors.ts';
import { isObject } from '../json.ts';
import type { RandomStream } from '../random/random-stream.ts';
import { describeNode, groupKind, parseNode } from './kinds/table.ts';
import type { Choose, ConfigObject, GroupNode, SpaceChange } from './node.ts';
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

/** A value of the parameter's own distribution. */
export function sampleParameter(parameter: Parameter, random: RandomStream): ParameterValue {
  return parameter.kind === 'choice' ? (random.pick(parameter.values) ?? null) : fromUnit(parameter, random.uniform());
}

/**
 * A set of configs: the data of {@link space} and the operations that every strategy is made of. A space never
 * changes, and the configs it makes are frozen.
 */
export class Space<Config extends ConfigObject = ConfigObject> {
  readonly root: GroupNode;
  readonly #keys = new WeakMap<object, string>();
  /** The configs that this space made: frozen, and known to be whole. */
  readonly #made = new WeakSet<object>();
  #order: readonly string[] = [];
  #sorted: readonly string[] = [];

  constructor(root: GroupNode) {
    this.root = root;
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
   * @throws ConfigError when an answer is not one of the parameter's values.
   */
  build(choose: Choose): Config {
    return this.normalize(groupKind.build(this.root, '', choose));
  }

  /** The config of that index, in [0, size); every config of a finite space has one. */
  at(index: number): Config {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.size) {
      throw new RangeError(`at: the index is ${index}: give a whole number from 0 to ${this.size - 1}`);
    }
    return groupKind.at(this.root, index) as Config;
  }

  /** A config drawn at random: the value at a path is the first draw of the stream of that path. */
  sample(random: RandomStream): Config {
    return this.build((path, parameter) => sampleParameter(parameter, random.at(path)));
  }

  /** Everything that keeps a value from being a config of this space; empty when it is one. */
  issues(config: unknown): readonly ConfigIssue[] {
    const issues: ConfigIssue[] = [];
    groupKind.read(this.root, config, '', {
      parameter: () => undefined,
      issue: (path, message) => issues.push({ path, message }),
    });
    return issues;
  }

  /** Whether a value is a config of this space. */
  contains(config: unknown): config is Config {
    return this.issues(config).length === 0;
  }

  /**
   * The active parameters of a config by path, a branch before its parameters.
   * @throws ConfigError when the config is not in the space.
   */
  flatten(config: unknown): ReadonlyMap<string, ActiveParameter> {
    const found = new Map<string, ActiveParameter>();
    const issues: ConfigIssue[] = [];
    groupKind.read(this.root, config, '', {
      parameter: (path, parameter, value) => found.set(path, { parameter, value }),
      issue: (path, message) => issues.push({ path, message }),
    });
    if (issues.length > 0) throw new ConfigError('config', issues);
    return found;
  }

  /**
   * A frozen copy of a config with its names in the space's order.
   * @throws ConfigError when the config is not in the space.
   */
  normalize(config: unknown): Config {
    if (typeof config === 'object' && config !== null && this.#made.has(config)) return config as Config;
    const flat = this.flatten(config);
    const made = groupKind.build(this.root, '', (path) => flat.get(path)?.value ?? null) as Config;
    this.#made.add(made);
    return made;
  }

  /**
   * A text that two configs share exactly when they are equal, whatever the order of names in them or in the space.
   * @throws ConfigError when the config is not in the space.
   */
  key(config: Config): string {
    const known = this.#keys.get(config);
    if (known !== undefined) return known;
    const flat = this.flatten(config);
    const paths = [...flat.keys()];
    // Most configs have the same parameters as the one before, and so the same order.
    if (paths.length !== this.#order.length || paths.some((path, index) => path !== this.#order[index])) {
      this.#order = paths;
      this.#sorted = paths.toSorted((a, b) => (a < b ? -1 : 1));
    }
    const key = `[${this.#sorted.map((path) => JSON.stringify([path, flat.get(path)?.value])).join()}]`;
    if (Object.isFrozen(config)) this.#keys.set(config, key);
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
}

/**
 * Reads the JSON form of a space.
 * @throws SpaceError when it is damaged, or of a version this package does not read.
 */
export function spaceFromJson(json: unknown): Space {
  if (!isObject(json) || json['format'] !== format) {
    throw new SpaceError('space', `its format is not '${format}': give what JSON.stringify(space) wrote`);
  }
  if (json['version'] !== version) {
    const found = JSON.stringify(json['version']);
    throw new SpaceError(
      'space',
      `its version is ${found}: this package reads ${version}; install the one that wrote it`,
    );
  }
  const root = parseNode(json['root'], '');
  if (root.kind !== 'group') throw new SpaceError('space', `its root is a ${root.kind}: it must be a group`);
  return new Space(root);
}
