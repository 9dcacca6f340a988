import type { RandomStream } from '../random/random-stream.ts';
import type { ConfigObject } from './node.ts';
import { fromUnit, gridIndex, gridSize, gridValue, toUnit } from './number-scale.ts';
import type { NumberParameter, Parameter, ParameterValue } from './parameter.ts';
import { sampleParameter } from './space.ts';
import type { Space } from './space.ts';

/**
 * Polynomial mutation of a position in [0, 1]: most moves are short, and none leaves the interval. A larger `eta`
 * makes shorter moves.
 *
 * Source: Deb and Goyal, "A combined genetic adaptive search for engineering design", 1996; the bounded form is that
 * of Deb's NSGA-II.
 */
function polynomial(position: number, eta: number, draw: number): number {
  const power = 1 / (eta + 1);
  if (draw < 0.5) {
    return position + (2 * draw + (1 - 2 * draw) * (1 - position) ** (eta + 1)) ** power - 1;
  }
  return position + 1 - (2 * (1 - draw) + 2 * (draw - 0.5) * position ** (eta + 1)) ** power;
}

function mutateNumber(parameter: NumberParameter, value: number, eta: number, random: RandomStream): number {
  const moved = fromUnit(parameter, polynomial(toUnit(parameter, value), eta, random.uniform()));
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

/** How {@link mutate} changes a config. */
export interface MutationOptions {
  /** How likely each active parameter is to change, in [0, 1]. Default: 1 / number of active parameters. */
  readonly probability?: number;
  /** The distribution index of a number's move; larger is nearer. Default 20. */
  readonly eta?: number;
}

/**
 * A config with some parameters changed, at least one. Parameters that a change makes active are sampled.
 * @throws ConfigError when the config is not in the space.
 */
export function mutate<Config extends ConfigObject>(
  space: Space<Config>,
  config: Config,
  random: RandomStream,
  options: MutationOptions = {},
): Config {
  const flat = space.flatten(config);
  const { probability = 1 / Math.max(1, flat.size), eta } = options;
  const paths = [...flat.keys()];
  const chosen = new Set(paths.filter((path) => random.at('mutate').at(path).chance(probability)));
  if (chosen.size === 0) {
    const path = random.at('mutate one').pick(paths);
    if (path !== undefined) chosen.add(path);
  }
  return space.build((path, parameter) => {
    const own = random.at('value').at(path);
    const active = flat.get(path);
    if (active === undefined) return sampleParameter(parameter, own);
    return chosen.has(path) ? mutateParameter(parameter, active.value, own, eta) : active.value;
  });
}

/**
 * Uniform crossover: each parameter from the second parent with probability `swap`, else from the first. A parameter
 * that only one parent has comes from that one.
 * @throws ConfigError when a parent is not in the space.
 */
export function crossover<Config extends ConfigObject>(
  space: Space<Config>,
  first: Config,
  second: Config,
  random: RandomStream,
  swap = 0.5,
): Config {
  const a = space.flatten(first);
  const b = space.flatten(second);
  return space.build((path, parameter) => {
    const own = random.at(path);
    const [main, other] = own.chance(swap) ? [b, a] : [a, b];
    const inherited = main.get(path) ?? other.get(path);
    return inherited === undefined ? sampleParameter(parameter, own) : inherited.value;
  });
}
