/** What is taken of a search by goals that ended unsure, since there were too few examples: a recipe that nothing speaks against. */
import type { Module } from '@espalier/nn';
import {
  parseRecipe,
  runRecipe,
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

/** Whether a model keeps the goals on every example that was looked at, as far as a value tells. */
function keepsGoals({ failure, searched, confirmed }: LoopTrial): boolean {
  if (failure || !confirmed) return false;
  return [...searched, ...confirmed].every(({ verdict, margin }) => verdict !== 'fails' && (margin ?? -1) >= 0);
}

/** Whether a recipe trains: what training changes, few examples say too little of. */
const trains = (recipe: LoopTrial['recipe']): boolean => JSON.stringify(recipe).includes('"train":');

/** The smallest such model, made again; undefined where there is none. */
export async function settle(
  model: Module,
  { trials }: OptimizationReport,
  given: { readonly data: OptimizationData; readonly seed: number; readonly loss: RecipeOptions['loss'] },
): Promise<Settled | undefined> {
  const [trial] = trials
    .filter((each) => each.recipe.length > 0 && keepsGoals(each) && !trains(each.recipe))
    .toSorted((a, b) => (a.cost ?? Infinity) - (b.cost ?? Infinity));
  if (!trial) return undefined;
  const { data, seed, loss } = given;
  const { model: made, records } = await runRecipe(model, parseRecipe(trial.recipe), {
    data,
    seed,
    ...(loss !== undefined && { loss }),
  });
  return { made, records, trial };
}
