/** Which option each layer of a sensitivity table gets, so that a budget is kept at the least damage. */
import { GoalError } from '../errors.ts';
import { quote } from '../quote.ts';
import type { SensitivityLayer, SensitivityOption, SensitivityTable } from './table.ts';

/** What all layers together may take: bytes, or milliseconds. */
export type AllocationBudget = { readonly bytes: number } | { readonly milliseconds: number };

/** What a layer gets. */
export interface AllocatedOption {
  readonly name: string;
  readonly option: SensitivityOption;
}

/** An option for each layer. */
export interface Allocation {
  readonly layers: readonly AllocatedOption[];
  /** Of all layers. */
  readonly damage: number;
  readonly bytes: number;
  /** Where each of the options was timed. */
  readonly milliseconds?: number;
}

/** An option that can be the best, of one layer. */
interface Item {
  readonly cost: number;
  readonly damage: number;
  readonly option: SensitivityOption;
}

/** Options for the layers so far. */
interface State {
  readonly cost: number;
  readonly damage: number;
  readonly item: Item | undefined;
  readonly before: State | undefined;
}

/**
 * One option for each layer, so that Σ damage is least and Σ bytes, or milliseconds, within the budget: exactly, and of the
 * best ones one that takes least. It takes damages to add up. A knapsack whose states are the costs that nothing else reaches
 * at less damage (G. Nemhauser and Z. Ullmann, "Discrete dynamic programming and capital allocation", 1969), less those that
 * even fractions of options (E. Zemel, "The linear multiple choice knapsack problem", 1980) cannot bring below what is known.
 * @throws {GoalError} for a budget that the smallest options exceed, and for a table that cannot be.
 */
export function allocate(table: SensitivityTable, budget: AllocationBudget): Allocation {
  const [key, most] = checkBudget(budget);
  const layers = checkTable(table, key).map((layer) => itemsOf(layer, key));
  const least = layers.reduce((sum, items) => sum + (items[0] as Item).cost, 0);
  if (least > most)
    throw new GoalError(
      key,
      `the budget is ${most}, and the smallest options take ${least} together; give more, or measure smaller options`,
    );
  const rest = relaxations(layers);
  let known = roundedDamage(layers, most);
  let states: State[] = [{ cost: 0, damage: 0, item: undefined, before: undefined }];
  for (const [index, items] of layers.entries()) {
    const bound = rest[index + 1] as Relaxation;
    const next: State[] = [];
    for (const before of states)
      for (const item of items) {
        const [cost, damage] = [before.cost + item.cost, before.damage + item.damage];
        const relaxed = bound(most - cost);
        if (relaxed === undefined || damage + relaxed > known + slackOf(known)) continue;
        next.push({ cost, damage, item, before });
      }
    states = undominated(next);
    if (index === layers.length - 1) known = (states.at(-1) as State).damage;
  }
  return allocationOf(table, states.at(-1) as State);
}

/** What sums of damages may be off by, added up in another order. */
const slackOf = (damage: number): number => 1e-9 * (1 + Math.abs(damage));

function allocationOf(table: SensitivityTable, last: State): Allocation {
  const options: SensitivityOption[] = [];
  for (let state: State | undefined = last; state?.item; state = state.before) options.unshift(state.item.option);
  const sum = (of: (option: SensitivityOption) => number): number =>
    options.reduce((total, option) => total + of(option), 0);
  const isTimed = options.every(({ milliseconds }) => milliseconds !== undefined);
  return {
    layers: table.layers.map(({ name }, at) => ({ name, option: options[at] as SensitivityOption })),
    damage: sum(({ damage }) => damage),
    bytes: sum(({ bytes }) => bytes),
    ...(isTimed && { milliseconds: sum(({ milliseconds }) => milliseconds as number) }),
  };
}

/** The states that cost more only where they do less damage, by their cost. */
function undominated(states: State[]): State[] {
  states.sort((a, b) => a.cost - b.cost || a.damage - b.damage);
  const best: State[] = [];
  for (const state of states) if (best.length === 0 || state.damage < (best.at(-1) as State).damage) best.push(state);
  return best;
}

type CostKey = 'bytes' | 'milliseconds';

function itemsOf({ options }: SensitivityLayer, key: CostKey): Item[] {
  const items = options.map((option) => ({ cost: option[key] as number, damage: option.damage, option }));
  const states = items.map((item) => ({ ...item, item, before: undefined }));
  return undominated(states).map(({ item }) => item as Item);
}

/** A step from an option to a larger one. */
interface Step {
  readonly cost: number;
  /** What is less then, of damage. */
  readonly gain: number;
}

/** The steps of a layer's convex hull, the one that gains most by its cost first. */
function stepsOf(items: readonly Item[]): Step[] {
  const hull: Item[] = [];
  const slope = (a: Item, b: Item): number => (a.damage - b.damage) / (b.cost - a.cost);
  for (const item of items) {
    while (hull.length > 1 && slope(hull.at(-2) as Item, hull.at(-1) as Item) <= slope(hull.at(-1) as Item, item))
      hull.pop();
    hull.push(item);
  }
  return hull.slice(1).map((item, at) => {
    const before = hull[at] as Item;
    return { cost: item.cost - before.cost, gain: before.damage - item.damage };
  });
}

const byGain = (a: Step, b: Step): number => b.gain / b.cost - a.gain / a.cost;

/** The least damage of some layers within a budget, if fractions of options could be had; undefined where nothing fits. */
type Relaxation = (budget: number) => number | undefined;

/** Of the layers from each index on. */
function relaxations(layers: readonly (readonly Item[])[]): Relaxation[] {
  return Array.from({ length: layers.length + 1 }, (_, from) => {
    const own = layers.slice(from);
    const least = own.reduce((sum, items) => sum + (items[0] as Item).cost, 0);
    const damage = own.reduce((sum, items) => sum + (items[0] as Item).damage, 0);
    const steps = own.flatMap(stepsOf).toSorted(byGain);
    const [costs, gains] = [[0], [0]];
    for (const { cost, gain } of steps) {
      costs.push((costs.at(-1) as number) + cost);
      gains.push((gains.at(-1) as number) + gain);
    }
    return (budget) => {
      const left = budget - least;
      if (left < 0) return undefined;
      let [low, high] = [0, steps.length];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((costs[middle] as number) <= left) low = middle;
        else high = middle - 1;
      }
      const step = steps[low];
      const part = step ? (step.gain * (left - (costs[low] as number))) / step.cost : 0;
      return damage - (gains[low] as number) - part;
    };
  });
}

/** What some options come to that fit: the steps that gain most, as long as they do. */
function roundedDamage(layers: readonly (readonly Item[])[], most: number): number {
  let left = most - layers.reduce((sum, items) => sum + (items[0] as Item).cost, 0);
  let damage = layers.reduce((sum, items) => sum + (items[0] as Item).damage, 0);
  const steps = layers.flatMap((items, layer) => stepsOf(items).map((step) => ({ ...step, layer }))).toSorted(byGain);
  const ended = new Set<number>();
  for (const { cost, gain, layer } of steps) {
    if (ended.has(layer) || cost > left) {
      // The next step of a layer begins where this one ends.
      ended.add(layer);
      continue;
    }
    left -= cost;
    damage -= gain;
  }
  return damage;
}

/** @throws {GoalError} unless it is one of both, and a number of at least 0. */
function checkBudget(budget: AllocationBudget): readonly [CostKey, number] {
  const given = Object.entries(Object(budget) as Record<string, unknown>);
  const [key, value] = given[0] ?? [];
  if (given.length !== 1 || (key !== 'bytes' && key !== 'milliseconds'))
    throw new GoalError('budget', `is ${quote(budget)}; give { bytes } or { milliseconds }`);
  if (typeof value !== 'number' || !(value >= 0))
    throw new GoalError(`budget.${key}`, `is ${quote(value)}; it must be a number of at least 0`);
  return [key, value];
}

/** @throws {GoalError} naming the layer and the option that cannot be. */
function checkTable(table: SensitivityTable, key: CostKey): readonly SensitivityLayer[] {
  const layers: unknown = Object(table)['layers'];
  if (!Array.isArray(layers)) throw new GoalError('table', `is ${quote(table)}; it must be { layers }`);
  for (const [index, layer] of (layers as readonly SensitivityLayer[]).entries()) {
    const { name, options } = Object(layer) as SensitivityLayer;
    const place = `table.layers[${index}]`;
    if (typeof name !== 'string') throw new GoalError(place, `has the name ${quote(name)}; it must be a text`);
    if (!Array.isArray(options) || options.length === 0)
      throw new GoalError(place, `${name} has no options; there must be one at least, such as to leave it as it is`);
    for (const [at, option] of options.entries()) {
      const { damage, [key]: cost } = Object(option) as SensitivityOption;
      if (!Number.isFinite(damage) || !Number.isFinite(cost) || (cost as number) < 0)
        throw new GoalError(
          `${place}.options[${at}]`,
          `of ${name} has the damage ${quote(damage)} and ${quote(cost)} ${key}; both must be finite numbers, and ${key} at least 0`,
        );
    }
  }
  return layers as readonly SensitivityLayer[];
}
