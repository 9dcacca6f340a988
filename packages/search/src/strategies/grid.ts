/** Grid search, over the finite space that a grid makes of any space. */
import { wholeFromOne } from '../limits.ts';
import { isObject, type JsonValue } from '../json.ts';
import { fromUnit } from '../space/number-scale.ts';
import type { NumberParameter } from '../space/parameter.ts';
import { spaceFromJson, type Space } from '../space/space.ts';
import { defineStrategy, type Decision, type StrategyFactory, type StrategyInput } from './strategy.ts';

/** The options of {@link grid}. */
export interface GridOptions {
  /** How many values a continuous number is cut into, its ends included. Default 5. */
  readonly points: number;
}

/** The values of a continuous number, evenly spaced on its own scale. */
function cut({ low, high, log }: NumberParameter, points: number): readonly number[] {
  const parameter: NumberParameter = { kind: 'float', low, high, log };
  const values: number[] = [];
  for (let index = 0; index < points; index += 1) {
    const position = points === 1 ? 0.5 : index / (points - 1);
    const value = position === 1 ? high : fromUnit(parameter, position);
    // They ascend: where they lie closer than numbers do, neighbours are the same.
    if (value !== values.at(-1)) values.push(value);
  }
  return values;
}

/** A space's JSON form with its continuous numbers turned into choices. */
function withChoices(json: unknown, points: number): JsonValue {
  if (Array.isArray(json)) return json.map((item) => withChoices(item, points));
  if (!isObject(json)) return json as JsonValue;
  if (json['kind'] === 'float' && json['step'] === undefined && typeof json['low'] === 'number') {
    return { kind: 'choice', values: cut(json as unknown as NumberParameter, points) };
  }
  return Object.fromEntries(Object.entries(json).map(([name, part]) => [name, withChoices(part, points)]));
}

const grids = new WeakMap<Space, Map<number, Space>>();

/** The finite space of a grid: every config of it is one of the space. */
function gridOf(space: Space, points: number): Space {
  const known = grids.get(space) ?? new Map<number, Space>();
  grids.set(space, known);
  const made = known.get(points) ?? spaceFromJson(withChoices(space.toJSON(), points));
  known.set(points, made);
  return made;
}

function decide({ space, history, number }: StrategyInput, { points }: GridOptions): Decision {
  const finite = gridOf(space, points);
  const { size } = finite;
  for (let offset = 0; offset < size; offset += 1) {
    const index = (number + offset) % size;
    const config = space.normalize(finite.at(index));
    if (!history.tried.has(space.key(config))) return { type: 'try', config, origin: { operator: 'grid', index } };
  }
  return { type: 'exhausted', reason: `all ${size} points of the grid were tried` };
}

/**
 * Every point of a grid, once: each value of choices, of whole numbers and of stepped ones, and `points` values of each
 * continuous number, in every combination. Trial n tries point n, or the next that was not tried; when none is left
 * the study is exhausted.
 */
export const grid: StrategyFactory<GridOptions> = defineStrategy<GridOptions>({
  name: 'grid',
  defaults: { points: 5 },
  limits: { points: wholeFromOne },
  decide,
});
