/** Configs as numbers by path, for strategies that model what they have seen. */
import type { ConfigObject } from '../space/node.ts';
import { fromUnit, gridSize, gridValue, toUnit } from '../space/number-scale.ts';
import type { NumberParameter, Parameter, ParameterValue } from '../space/parameter.ts';
import type { Space } from '../space/space.ts';

/** An active parameter and its value as a number: the position in [0, 1] of a number, the index of a choice. */
export interface Coded {
  readonly parameter: Parameter;
  readonly code: number;
}

/** The active parameters of a config by path. */
export type Codes = ReadonlyMap<string, Coded>;

/** The number that stands for a value. */
export function codeOf(parameter: Parameter, value: ParameterValue): number {
  return parameter.kind === 'choice' ? parameter.values.indexOf(value) : toUnit(parameter, Number(value));
}

/** The value that a number stands for. */
export function valueOf(parameter: Parameter, code: number): ParameterValue {
  return parameter.kind === 'choice' ? (parameter.values[code] ?? null) : fromUnit(parameter, code);
}

const known = new WeakMap<Space, WeakMap<ConfigObject, Codes>>();

/** The active parameters of a config as numbers; worked out once for each config. */
export function codesOf(space: Space, config: ConfigObject): Codes {
  let ofSpace = known.get(space);
  if (ofSpace === undefined) known.set(space, (ofSpace = new WeakMap()));
  let codes = ofSpace.get(config);
  if (codes === undefined) {
    const entries = [...space.flatten(config)].map(
      ([path, { parameter, value }]) => [path, { parameter, code: codeOf(parameter, value) }] as const,
    );
    ofSpace.set(config, (codes = new Map(entries)));
  }
  return codes;
}

/** Grids of more values than this are treated as continuous: the cell of a value is then narrow. */
const mostCells = 64;

/** The ends of the cells that the values of a grid own, as positions in [0, 1]; undefined for what has no coarse grid. */
export function wallsOf(parameter: NumberParameter): Float64Array | undefined {
  const cells = gridSize(parameter);
  if (cells > mostCells) return undefined;
  const half = (parameter.step ?? 0) / 2;
  return Float64Array.from({ length: cells + 1 }, (_, index) =>
    index === 0 ? 0 : index === cells ? 1 : toUnit(parameter, gridValue(parameter, index) - half),
  );
}
