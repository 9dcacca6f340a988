/** The neighbourhood of a config, without chance, for strategies that have to know when a climb is over. */
import type { ConfigObject } from './node.ts';
import { fromUnit, numberNeighbours } from './number-scale.ts';
import type { Parameter, ParameterValue } from './parameter.ts';
import type { ActiveParameter, Space } from './space.ts';

/** A config one move away from another. */
export interface Neighbour<Config extends ConfigObject = ConfigObject> {
  readonly config: Config;
  /** The parameter that moved. */
  readonly path: string;
  /** The way a number moved; 0 for a choice. */
  readonly direction: -1 | 0 | 1;
}

interface Move {
  readonly value: ParameterValue;
  readonly direction: -1 | 0 | 1;
}

function moves({ parameter, value }: ActiveParameter, stride: number): readonly Move[] {
  if (parameter.kind !== 'choice') return numberNeighbours(parameter, Number(value), stride);
  return parameter.values.filter((other) => other !== value).map((other) => ({ value: other, direction: 0 }));
}

/** The value of a parameter that a move has just made active: the middle of its range, or the first of its values. */
function middle(parameter: Parameter): ParameterValue {
  return parameter.kind === 'choice' ? (parameter.values[0] ?? null) : fromUnit(parameter, 0.5);
}

/**
 * The configs one move away, a function of space and config alone, so that "none of them is better" means something.
 * A choice moves to any other value; a branch brings its parameters at the middle of their ranges; a number moves down
 * or up by `stride` of its range (on its own scale), on a grid by at least one step.
 *
 * With stride 0 a number on a grid moves one step and a continuous number stays. No config occurs twice.
 * @throws {ConfigError} when the config is not in the space.
 */
export function neighbours<Config extends ConfigObject>(
  space: Space<Config>,
  config: Config,
  stride = 0.1,
): readonly Neighbour<Config>[] {
  const flat = space.flatten(config);
  const keep = (path: string, parameter: Parameter): ParameterValue => {
    const active = flat.get(path);
    return active === undefined ? middle(parameter) : active.value;
  };
  return [...flat].flatMap(([path, active]) =>
    moves(active, stride).map(({ value, direction }) => ({
      path,
      direction,
      config: space.build((at, parameter) => (at === path ? value : keep(at, parameter))),
    })),
  );
}
