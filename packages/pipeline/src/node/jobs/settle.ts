/** What is taken of a search by goals that ended unsure, since there were too few examples: a recipe that nothing speaks against. */
import type { Module } from '@espalier/nn';
import {
  optimize,
  parseRecipe,
  runRecipe,
  type GoalVerdict,
  type LoopTrial,
  type OptimizationData,
  type OptimizationReport,
  type PassRecord,
  type RecipeOptions,
} from '@espalier/optimize';

/** A model, what was done to it, and the trial that showed it. */
export interface Settled {
  readonly made: Module;
  readonly records: readonly PassRecord[];
  readonly trial: LoopTrial;
}

/** What a search had to work with. */
interface Given {
  readonly data: OptimizationData;
  readonly goals: readonly string[];
  readonly seed: number;
  readonly loss: RecipeOptions['loss'];
}

/** Whether a recipe trains: what training changes, few examples say too little of. */
const trains = (recipe: LoopTrial['recipe']): boolean => JSON.stringify(recipe).includes('"train":');

/** How many examples a verdict speaks for; of a cost it is one. */
const weightOf = ({ examples = 1 }: GoalVerdict): number => examples;

/**
 * Whether a model keeps all goals on all examples together: a single one decides less the more there are, and parts of few say less
 * than their whole.
 */
function keepsGoals(verdicts: readonly GoalVerdict[]): boolean {
  const names = [...new Set(verdicts.map(({ goal }) => goal))];
  return names.every((name) => {
    const own = verdicts.filter(({ goal }) => goal === name);
    return own.reduce((sum, verdict) => sum + weightOf(verdict) * (verdict.margin ?? -Infinity), 0) >= 0;
  });
}

/**
 * What a recipe keeps on the training examples. Where nothing is trained, none of them is known by heart, and they tell what rounding
 * changes as well as others do.
 */
async function onTraining(model: Module, recipe: LoopTrial['recipe'], given: Given): Promise<readonly GoalVerdict[]> {
  const { goals, seed, loss } = given;
  const { train } = given.data;
  if (train === undefined || train.size < 2) return [];
  const { report } = await optimize(model, {
    data: { train, validate: train },
    goals,
    steps: parseRecipe(recipe),
    turn: false,
    maxTrials: 1,
    seed,
    ...(loss !== undefined && { loss }),
  });
  const trial = report.trials.find((each) => each.recipe.length > 0);
  return [...(trial?.searched ?? []), ...(trial?.confirmed ?? [])];
}

/** The smallest such model, made again; undefined where there is none. */
export async function settle(
  model: Module,
  { trials }: OptimizationReport,
  given: Given,
): Promise<Settled | undefined> {
  const untrained = trials
    .filter(({ recipe, failure }) => recipe.length > 0 && !failure && !trains(recipe))
    .toSorted((a, b) => (a.cost ?? Infinity) - (b.cost ?? Infinity));
  for (const trial of untrained) {
    const seen = [...trial.searched, ...(trial.confirmed ?? [])];
    if (seen.length === 0 || !keepsGoals([...seen, ...(await onTraining(model, trial.recipe, given))])) continue;
    const { data, seed, loss } = given;
    const { model: made, records } = await runRecipe(model, parseRecipe(trial.recipe), {
      data,
      seed,
      ...(loss !== undefined && { loss }),
    });
    return { made, records, trial };
  }
  return undefined;
}
