/**
 * Spaces written as functions, as users of Optuna know them: the function is run to learn what it draws, and becomes
 * the tree that all strategies read.
 */
import { SpaceError } from '../errors.ts';
import { RandomStream } from '../random/random-stream.ts';
import { groupOf } from './group-of.ts';
import type { Fields } from './config-of.ts';
import { choice } from './choice.ts';
import { choiceOfValues } from './kinds/choice.ts';
import { float, int, type NumberOptions } from './kinds/number.ts';
import type { ConfigObject } from './node.ts';
import { fromUnit, gridSize, gridValue } from './number-scale.ts';
import type { Parameter, ParameterValue } from './parameter.ts';
import { Space } from './space.ts';

/** Draws the parameters of a config by name. */
export interface Draw {
  /** A whole number in a range. */
  int(name: string, low: number, high: number, options?: NumberOptions): number;
  /** A real number in a range. */
  float(name: string, low: number, high: number, options?: NumberOptions): number;
  /** One of the values. */
  choice<const Value extends ParameterValue>(name: string, values: readonly Value[]): Value;
}

/** A space that was written as a function. */
export interface DefinedSpace<Made> {
  readonly space: Space;
  /** What the function makes of a config of the space. */
  make(config: ConfigObject): Made;
}

interface Drawn {
  readonly name: string;
  readonly parameter: Parameter;
  readonly value: ParameterValue;
}

/** Runs the function with some values given and the rest from `otherwise`; tells what was drawn, in order. */
function drawer(value: (name: string, parameter: Parameter) => ParameterValue): {
  readonly draw: Draw;
  readonly drawn: readonly Drawn[];
} {
  const drawn: Drawn[] = [];
  const take = (name: string, parameter: Parameter): ParameterValue => {
    if (drawn.some((earlier) => earlier.name === name)) {
      throw new SpaceError(name, 'it was drawn twice: give each parameter a name of its own');
    }
    const taken = value(name, parameter);
    drawn.push({ name, parameter, value: taken });
    return taken;
  };
  const draw: Draw = {
    int: (name, low, high, options) => Number(take(name, int(low, high, options))),
    float: (name, low, high, options) => Number(take(name, float(low, high, options))),
    choice: (name, values) => take(name, choiceOfValues(values, name)) as (typeof values)[number],
  };
  return { draw, drawn };
}

/** How many configs are drawn to see that the space is what the function draws. */
const samples = 64;

const combination = 'it is drawn for a combination of values that no single one brings: nest the draws';

/** Up to this many values of an int are tried for what they bring; of more, the ends and the middle. */
const mostInts = 32;

/** The values on which later draws may depend. */
function decisive(parameter: Parameter): readonly ParameterValue[] {
  if (parameter.kind === 'choice') return parameter.values;
  if (parameter.kind === 'float') return [];
  const count = gridSize(parameter);
  const places =
    count <= mostInts ? Array.from({ length: count }, (_, index) => index) : [0, (count - 1) >> 1, count - 1];
  return places.map((place) => gridValue(parameter, place));
}

function first(parameter: Parameter): ParameterValue {
  return parameter.kind === 'choice' ? (parameter.values[0] ?? null) : fromUnit(parameter, 0);
}

/** A name that can stand in a path: what parts of paths are joined by is written as its code. */
function nameInPath(name: string): string {
  return name.replaceAll(/[%./[\]]/gu, (mark) => `%${mark.charCodeAt(0).toString(16)}`);
}

const same = (a: Parameter, b: Parameter): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * The parts that the function draws once some values are given: `known` are named further out. A draw whose value
 * decides what else is drawn becomes a choice of groups, which hold what only that value brings.
 */
function partsOf(
  define: (draw: Draw) => unknown,
  given: ReadonlyMap<string, ParameterValue>,
  outside: ReadonlySet<string>,
): Fields {
  const run = (values: ReadonlyMap<string, ParameterValue>): ReadonlyMap<string, Parameter> => {
    const { draw, drawn } = drawer((name, parameter) => values.get(name) ?? first(parameter));
    define(draw);
    return new Map(drawn.map(({ name, parameter }) => [name, parameter]));
  };
  const base = run(given);
  const parts: Record<string, Fields[string]> = {};
  const placed = new Set(outside);
  for (const [name, parameter] of base) {
    if (placed.has(name)) continue;
    placed.add(name);
    const traces = decisive(parameter).map((value) => [value, run(new Map(given).set(name, value))] as const);
    const common = new Set(
      [...base.keys()].filter((other) =>
        traces.every(([, trace]) => {
          const there = trace.get(other);
          return there !== undefined && same(there, base.get(other) as Parameter);
        }),
      ),
    );
    const decides = traces.some(([, trace]) => trace.size !== common.size);
    if (!decides) parts[nameInPath(name)] = parameter;
    else {
      if (parameter.kind !== 'choice' && gridSize(parameter) > mostInts) {
        throw new SpaceError(
          name,
          `it decides what else is drawn and has ${gridSize(parameter)} values: at most ${mostInts} can`,
        );
      }
      const inside = new Set([...placed, ...common]);
      const groups = traces.map(([value]): [string, Fields] => [
        nameInPath(String(value)),
        partsOf(define, new Map(given).set(name, value), inside),
      ]);
      parts[nameInPath(name)] = choice(Object.fromEntries(groups));
      // What this value brings belongs to its group, though the base has drawn it.
      for (const other of base.keys()) if (!common.has(other)) placed.add(other);
    }
  }
  return parts;
}

/**
 * A space written as a function that draws its parameters; it is lowered to the same tree that {@link space} makes.
 *
 * ```ts
 * const search = defineByRun((trial) => {
 *   const layers = trial.int('layers', 1, 3);
 *   const units = Array.from({ length: layers }, (_, index) => trial.int(`units ${index}`, 8, 64));
 *   return { units, lr: trial.float('lr', 1e-4, 1e-1, { log: true }) };
 * });
 * const study = await createStudy({ name: 'mlp', space: search.space, objectives: ['minimize loss'] });
 * await study.run(({ config }) => train(search.make(config)), { stop: [maxTrials(60)] });
 * ```
 *
 * The function is run once for each value of each int and choice to learn what that brings, so it must only draw. What
 * it draws may depend on ints and choices, one at a time or nested, not on floats.
 * @throws {SpaceError} when a name is drawn twice, an int of many values decides what is drawn, or a draw depends on a
 * combination of values of which no single one brings it.
 */
export function defineByRun<Made>(define: (draw: Draw) => Made): DefinedSpace<Made> {
  const space = new Space(groupOf(partsOf(define, new Map(), new Set()), ''));
  const read = (config: ConfigObject): { readonly made: Made; readonly unused: readonly string[] } => {
    const values = new Map(
      [...space.flatten(config)].map(([path, { value }]) => [path.slice(path.lastIndexOf('.') + 1), value]),
    );
    const { draw, drawn } = drawer((name, parameter) => {
      const value = values.get(nameInPath(name));
      if (value === undefined) throw new SpaceError(name, combination);
      if (parameter.kind !== 'choice') return Number(value);
      const known = (each: ParameterValue): boolean => each === value || nameInPath(String(each)) === value;
      return parameter.values.find(known) ?? null;
    });
    const made = define(draw);
    for (const { name } of drawn) values.delete(nameInPath(name));
    return { made, unused: [...values.keys()] };
  };
  for (let trial = 0; trial < samples; trial += 1) {
    const [phantom] = read(space.sample(new RandomStream(0, trial))).unused;
    if (phantom !== undefined) throw new SpaceError(phantom, combination);
  }
  return { space, make: (config) => read(config).made };
}
