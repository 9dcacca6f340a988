/** Mutation and crossover of configs of any space, for all strategies that breed. */
import type { RandomStream } from '../random/random-stream.ts';
import type { ConfigObject } from './node.ts';
import { fromUnit, gridIndex, gridSize, gridValue, toUnit } from './number-scale.ts';
import { polynomialMove, simulatedBinary } from './operators.ts';
import type { NumberParameter, Parameter, ParameterValue } from './parameter.ts';
import { sampleParameter, type ActiveParameter, type Space } from './space.ts';

function mutateNumber(parameter: NumberParameter, value: number, eta: number, random: RandomStream): number {
  const moved = fromUnit(parameter, polynomialMove(toUnit(parameter, value), eta, random.uniform()));
  const count = gridSize(parameter);
  if (moved !== value || parameter.step === undefined || count === 1) return moved;
  const index = gridIndex(parameter, value);
  const up = index === 0 || (index < count - 1 && random.chance(0.5));
  return gridValue(parameter, index + (up ? 1 : -1));
}

/** Another value of a parameter: near the old one for a number, any other for a choice. */
export function mutateParameter(
  parameter: Parameter,
  value: ParameterValue,
  random: RandomStream,
  eta = 20,
): ParameterValue {
  if (parameter.kind !== 'choice') return mutateNumber(parameter, Number(value), eta, random);
  const other = random.pick(parameter.values.filter((candidate) => candidate !== value));
  return other === undefined ? value : other;
}

/** Another value of a parameter, drawn from its distribution whatever the old one. */
export function resampleParameter(parameter: Parameter, value: ParameterValue, random: RandomStream): ParameterValue {
  if (parameter.kind === 'choice') return mutateParameter(parameter, value, random);
  const drawn = sampleParameter(parameter, random);
  return drawn === value ? mutateParameter(parameter, value, random) : drawn;
}

/** How a parameter that mutates gets its new value. */
export type Mutation = 'polynomial' | 'resample';

const mutations: Readonly<Record<Mutation, typeof mutateParameter>> = {
  polynomial: mutateParameter,
  resample: resampleParameter,
};

/** How {@link mutate} changes a config. */
export interface MutationOptions {
  /** How likely each active parameter is to change, in [0, 1]. Default: 1 / number of active parameters. */
  readonly probability?: number;
  /** The distribution index of a number's polynomial move; larger is nearer. Default 20. */
  readonly eta?: number;
  /** Default `polynomial`: near the old value. */
  readonly kind?: Mutation;
}

/**
 * A config with some parameters changed, at least one. Parameters that a change makes active are sampled.
 * @throws {ConfigError} when the config is not in the space.
 */
export function mutate<Config extends ConfigObject>(
  space: Space<Config>,
  config: Config,
  random: RandomStream,
  options: MutationOptions = {},
): Config {
  const flat = space.flatten(config);
  const { probability = 1 / Math.max(1, flat.size), eta, kind = 'polynomial' } = options;
  const paths = [...flat.keys()];
  const chosen = new Set(paths.filter((path) => random.at('mutate').at(path).chance(probability)));
  if (chosen.size === 0) {
    const path = random.at('mutate one').pick(paths);
    if (path !== undefined) chosen.add(path);
  }
  return changeParameters(space, flat, random.at('value'), (path, { parameter, value }, own) =>
    chosen.has(path) ? mutations[kind](parameter, value, own(), eta) : value,
  );
}

/** A config with the values that `change` makes of another's; what becomes active by that is sampled. */
export function changeParameters<Config extends ConfigObject>(
  space: Space<Config>,
  flat: ReadonlyMap<string, ActiveParameter>,
  random: RandomStream,
  change: (path: string, active: ActiveParameter, own: () => RandomStream) => ParameterValue,
): Config {
  return space.build((path, parameter) => {
    const active = flat.get(path);
    const own = (): RandomStream => random.at(path);
    return active === undefined ? sampleParameter(parameter, own()) : change(path, active, own);
  });
}

/** How {@link recombine} makes a config of two. */
export type Crossover = 'uniform' | 'one-point' | 'sbx';

/** Gives the value that a child takes of a parameter, from the active one or two parents. */
type Inherit = (
  path: string,
  first: ActiveParameter | undefined,
  second: ActiveParameter | undefined,
) => ParameterValue | undefined;

function breed<Config extends ConfigObject>(
  space: Space<Config>,
  first: Config,
  second: Config,
  random: RandomStream,
  inherit: Inherit,
): Config {
  const [a, b] = [space.flatten(first), space.flatten(second)];
  return space.build((path, parameter) => {
    const inherited = inherit(path, a.get(path), b.get(path));
    return inherited === undefined ? sampleParameter(parameter, random.at(path)) : inherited;
  });
}

/**
 * Uniform crossover: each parameter from the second parent with probability `swap`, else from the first. A parameter
 * that only one parent has comes from that one.
 * @throws {ConfigError} when a parent is not in the space.
 */
export function crossover<Config extends ConfigObject>(
  space: Space<Config>,
  first: Config,
  second: Config,
  random: RandomStream,
  swap = 0.5,
): Config {
  return breed(space, first, second, random, (path, a, b) => {
    const [main, other] = random.at(path).chance(swap) ? [b, a] : [a, b];
    return (main ?? other)?.value;
  });
}

/**
 * One-point crossover: the parameters before a random cut, in the space's order, from the first parent, the others from
 * the second. A parameter that only one parent has comes from that one.
 * @throws {ConfigError} when a parent is not in the space.
 */
export function onePointCrossover<Config extends ConfigObject>(
  space: Space<Config>,
  first: Config,
  second: Config,
  random: RandomStream,
): Config {
  const paths = [...space.flatten(first).keys()];
  const before = new Set(paths.slice(0, 1 + random.at('cut').below(Math.max(1, paths.length - 1))));
  return breed(space, first, second, random, (path, a, b) => (before.has(path) ? (a ?? b) : (b ?? a))?.value);
}

/** How {@link simulatedBinaryCrossover} spreads children. */
export interface SimulatedBinaryOptions {
  /** The distribution index; larger is nearer to the parents. Default 15. */
  readonly eta?: number;
  /** How likely each parameter is to be crossed; another keeps the first parent's value. Default 0.5. */
  readonly probability?: number;
}

/**
 * Simulated binary crossover: one child of a pair whose mean is the parents'. A number is crossed on its own scale; a
 * choice comes from either parent.
 *
 * Source: see {@link simulatedBinary}.
 * @throws {ConfigError} when a parent is not in the space.
 */
export function simulatedBinaryCrossover<Config extends ConfigObject>(
  space: Space<Config>,
  first: Config,
  second: Config,
  random: RandomStream,
  { eta = 15, probability = 0.5 }: SimulatedBinaryOptions = {},
): Config {
  const draws = random.at('sbx');
  return breed(space, first, second, random, (_, a, b) => {
    // As many draws for each parameter, whatever comes of them, so that one does not shift the others.
    const [cross, side, draw] = [draws.chance(probability), draws.chance(0.5), draws.uniform()];
    if (a === undefined || b === undefined) return (a ?? b)?.value;
    if (!cross || a.value === b.value) return a.value;
    const { parameter } = a;
    if (parameter.kind === 'choice') return side ? a.value : b.value;
    const [one, other] = [a, b].map(({ value }) => toUnit(parameter, Number(value)));
    return fromUnit(parameter, simulatedBinary(one ?? 0, other ?? 0, eta, draw)[side ? 0 : 1]);
  });
}

const crossovers: Readonly<
  Record<Crossover, (space: Space, first: ConfigObject, second: ConfigObject, random: RandomStream) => ConfigObject>
> = { uniform: crossover, 'one-point': onePointCrossover, sbx: simulatedBinaryCrossover };

/** The names of the ways to cross. */
export const crossoverNames: readonly Crossover[] = Object.keys(crossovers) as Crossover[];
/** The names of the ways to mutate. */
export const mutationNames: readonly Mutation[] = Object.keys(mutations) as Mutation[];

/** A child of two configs by the crossover of that name. */
export function recombine(
  kind: Crossover,
  space: Space,
  first: ConfigObject,
  second: ConfigObject,
  random: RandomStream,
): ConfigObject {
  return crossovers[kind](space, first, second, random);
}
