/** The tensors that a pruning is of, and what each of them is to lose. */
import type { Module } from '@espalier/nn';
import { RecipeError } from '../errors.ts';
import { selectParameters, type NamedParameter, type ParameterFilter } from '../selection/parameter-filter.ts';
import { dropCount, sum, type SparsityBounds } from './allocate.ts';
import { maskOf } from './mask-view.ts';
import { defaultMaximum, type CheckedPruning, type CheckedRanking } from './options.ts';
import { isNOfM, unitCount, unitScores } from './pattern.ts';
import { checkPatternsUsed, isMap, valueFor, type PerTensor } from '../selection/per-tensor.ts';

/** Tensors to prune. */
export interface PrunedTensors {
  readonly chosen: readonly NamedParameter[];
  /** The share of the units of each that goes; the same of all under global scope. */
  readonly sparsities: readonly number[];
  /** How much each may lose under global scope. */
  readonly bounds: readonly SparsityBounds[];
  /** The largest share that a tensor may lose, for reports. */
  readonly maximum: PerTensor;
}

/**
 * The tensors that a filter, and a sparsity by names, choose.
 * @throws {RecipeError} for patterns that stand for nothing.
 */
export function tensorsOf(
  place: string,
  model: Module,
  filter: ParameterFilter,
  pruning: CheckedPruning,
): PrunedTensors {
  const all = selectParameters(place, model, filter);
  const { sparsity } = pruning;
  checkPatternsUsed(place, 'sparsity', sparsity, all);
  const chosen = all.filter(({ name }) => valueFor(sparsity, name) !== undefined);
  const sparsities = chosen.map(({ name }) => valueFor(sparsity, name) as number);
  return { chosen, sparsities, ...boundsOf(place, chosen, sparsities, pruning) };
}

/**
 * How much each tensor may lose.
 * @throws {RecipeError} for patterns that stand for nothing, and for a least share above the largest.
 */
export function boundsOf(
  place: string,
  chosen: readonly NamedParameter[],
  sparsities: readonly number[],
  { minimum, maximum, scope, units }: CheckedRanking,
): Pick<PrunedTensors, 'bounds' | 'maximum'> {
  checkPatternsUsed(place, 'minimum', minimum, chosen);
  const [shared = 0] = sparsities;
  const sizes = unitCounts(chosen, { units });
  const reach = (most: number): number => sum(sizes.map((size) => dropCount(most, size)));
  const usual = defaultMaximum(shared);
  // A default is out of the way of who asks for more than whole numbers of weights let it reach.
  const free = scope === 'global' && dropCount(shared, sum(sizes)) > reach(usual) ? 1 : usual;
  const holds = maximum ?? free;
  checkPatternsUsed(place, 'maximum', holds, chosen);
  const bounds = chosen.map(({ name }) => {
    const each = { minimum: valueFor(minimum, name) ?? 0, maximum: valueFor(holds, name) ?? free };
    if (each.minimum > each.maximum)
      throw new RecipeError(
        place,
        `${name} is to lose at least ${each.minimum} and at most ${each.maximum}; change minimum or maximum`,
      );
    return each;
  });
  return { bounds, maximum: isMap(holds) ? holds : free === 1 && maximum === undefined ? 1 : holds };
}

/** How many units each tensor has; weights for a pattern n:m. */
export function unitCounts(chosen: readonly NamedParameter[], { units }: Pick<CheckedRanking, 'units'>): number[] {
  return chosen.map(({ parameter }) => (isNOfM(units) ? parameter.size : unitCount(units, parameter.shape)));
}

/** How many units of each tensor are gone as a whole. */
export async function unitsGone(
  chosen: readonly NamedParameter[],
  { units }: Pick<CheckedRanking, 'units'>,
): Promise<number[]> {
  return Promise.all(
    chosen.map(async ({ parameter }) => {
      const kept = await maskOf(parameter)?.kept();
      if (!kept) return 0;
      const marks = Float32Array.from(kept, (each) => (each === 0 ? -Infinity : 0));
      const found = isNOfM(units) ? marks : unitScores(units, marks, parameter.shape);
      return found.reduce((count, mark) => count + (mark === -Infinity ? 1 : 0), 0);
    }),
  );
}
