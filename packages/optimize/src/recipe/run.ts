/** Running a recipe. */
import { deriveSeed, type AbortSignalLike, type Module } from '@espalier/nn';
import { RecipeError } from '../errors.ts';
import { copyModel } from '../views/copy.ts';
import type { OptimizationData } from './data.ts';
import { checkOrder, effectsOf } from './order.ts';
import type { AppliedPass, Pass, PassContext, PassProgress, PassRecord } from './pass.ts';
import { trainStage } from './training.ts';

/** Passes that are applied together and share one training. */
export interface Together {
  readonly together: readonly Pass[];
}

/** A step of a recipe: one pass, or several together. */
export type Step = Pass | Together;

/**
 * Passes that are applied together and share one training: weights go gradually while a teacher is listened to.
 *
 * @example
 * together(prune({ sparsity: 0.9, schedule: 'cubic' }), distill({ temperature: 4 }), finetune({ epochs: 5 }))
 */
export function together(...passes: readonly Pass[]): Together {
  return { together: passes };
}

/** The passes of a step. */
export function passesOf(step: Step): readonly Pass[] {
  return 'together' in step ? step.together : [step];
}

/** What a recipe works with. */
export interface RecipeOptions {
  readonly data?: OptimizationData;
  /** All randomness follows from this. Default: 0. */
  readonly seed?: number;
  readonly signal?: AbortSignalLike;
  readonly onProgress?: (progress: PassProgress) => void;
}

/** What came of a recipe. */
export interface RecipeResult {
  readonly model: Module;
  /** What each pass did, in order. */
  readonly records: readonly PassRecord[];
}

/**
 * Carries out a recipe on a copy of a model; the model itself is not changed. Throws RecipeError, before anything is done,
 * for an order that would lose work or a pass that lacks its data.
 */
export async function runRecipe(
  model: Module,
  steps: readonly Step[],
  options: RecipeOptions = {},
): Promise<RecipeResult> {
  checkRecipe(model, steps, options.data);
  let current = await copyModel(model);
  const context: Omit<PassContext, 'seed'> = {
    data: options.data,
    original: model,
    signal: options.signal,
    onProgress: options.onProgress,
  };
  const records: PassRecord[] = [];
  for (const [index, step] of steps.entries()) {
    const done = await runStage(current, passesOf(step), {
      ...context,
      seed: deriveSeed(options.seed ?? 0, `step ${index}`),
    });
    current = done.model;
    records.push(...done.records);
  }
  return { model: current.eval(), records };
}

/** Throws RecipeError when the recipe cannot be carried out on this model with this data. */
export function checkRecipe(model: Module, steps: readonly Step[], data: OptimizationData | undefined): void {
  const stages = steps.map(passesOf);
  const empty = stages.findIndex((stage) => stage.length === 0);
  if (empty >= 0) throw new RecipeError(`steps[${empty}]`, 'has no pass');
  checkOrder(stages, effectsOf(model));
  for (const [index, stage] of stages.entries()) {
    const hungry = stage.find(({ needs }) => needs !== 'nothing');
    if (hungry && !data?.train) {
      throw new RecipeError(`steps[${index}]`, `${hungry.config.type} needs data for ${hungry.needs}; give data.train`);
    }
  }
}

async function runStage(model: Module, passes: readonly Pass[], context: PassContext): Promise<RecipeResult> {
  const place = passes.map(({ config }) => config.type).join('+');
  const applied: AppliedPass[] = [];
  let current = model;
  for (const pass of passes) {
    const plan = await pass.plan(current, context);
    const change = await plan.apply();
    applied.push(change);
    current = change.model;
  }
  const parts = applied.flatMap(({ training }) => (training ? [training] : []));
  if (parts.length > 0) await trainStage(place, current, parts, context);
  const records: PassRecord[] = [];
  for (const { finalize } of applied) records.push(await finalize());
  return { model: current, records };
}
