/** Second chances for recipes that nearly keep the goals. */
import type { Module } from '@espalier/nn';
import { selectParameters, type ParameterFilter } from '../selection/parameter-filter.ts';
import { shortfall } from '../goal/verdict.ts';
import { parseRecipe, type StepJson } from '../recipe/parse.ts';
import type { Step } from '../recipe/run.ts';
import type { Family } from './families.ts';
import type { Values } from './knobs.ts';
import { claimOf, type LoopTrial } from './trial.ts';

/** A recipe that may succeed where another nearly did. */
export interface Repair {
  /** What is done about it, in a few words. */
  readonly name: string;
  readonly values: Values;
  readonly steps: readonly Step[];
}

/** Of more weights than this it is not tried which one to give back. */
const mostWeights = 12;

/** The trials that would be the best if they kept the goals, those that miss them least first. */
export function nearMisses(trials: readonly LoopTrial[], best: LoopTrial | undefined): LoopTrial[] {
  const limit = best && claimOf(best) === 'holds' ? (best.cost ?? Infinity) : Infinity;
  const missed = trials.filter(
    (trial) => !trial.failure && claimOf(trial) !== 'holds' && (trial.cost ?? Infinity) < limit,
  );
  const miss = ({ confirmed, searched }: LoopTrial): number => shortfall(confirmed ?? searched);
  return missed.toSorted((a, b) => miss(a) - miss(b) || (a.cost ?? 0) - (b.cost ?? 0));
}

/** Trains longer before the numbers are rounded. */
export function trainLonger(family: Family, trial: LoopTrial): Repair | undefined {
  const ending = family.endings.find((steps) => endsWith(trial.recipe, steps));
  if (!family.repair || !ending) return undefined;
  return {
    name: `${family.name}, trained longer`,
    values: trial.values,
    steps: [...family.beginning(trial.values), family.repair(trial.values), ...ending],
  };
}

function endsWith(recipe: readonly StepJson[], steps: readonly Step[]): boolean {
  const last = recipe.slice(recipe.length - steps.length);
  return last.every((step, index) => {
    const other = steps[index];
    return other !== undefined && 'config' in other && JSON.stringify(other.config) === JSON.stringify(step);
  });
}

/** Leaves one weight out of the rounding at the end, each in turn. */
export function giveBack(model: Module, trial: LoopTrial): Repair[] {
  const last = trial.recipe.at(-1);
  if (!last || 'together' in last || !['quantize', 'gptq', 'encode', 'cluster'].includes(last.type)) return [];
  const filter = last as unknown as ParameterFilter;
  const names = selectParameters('optimize', model, {
    ...(filter.include && { include: filter.include }),
    ...(filter.exclude && { exclude: filter.exclude }),
  }).map(({ name }) => name);
  if (names.length < 2 || names.length > mostWeights) return [];
  return names.map((name) => ({
    name: `${trial.family}, with ${name} given back`,
    values: trial.values,
    steps: parseRecipe([
      ...trial.recipe.slice(0, -1),
      { ...last, exclude: [...(filter.exclude ?? []), name] as string[] },
    ]),
  }));
}
