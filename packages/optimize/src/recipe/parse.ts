/** Recipes as JSON. */
import type { Module } from '@espalier/nn';
import { aModule } from '@espalier/nn/arguments';
import { checkOptions } from '@espalier/tensor/arguments';
import { RecipeError } from '../errors.ts';
import { distill, type DistillOptions } from '../distill/distill.ts';
import { encode, type EncodeOptions } from '../encode/encode.ts';
import { finetune } from '../finetune/finetune.ts';
import type { PruneOptions } from '../prune/options.ts';
import { prune } from '../prune/prune.ts';
import type { QuantizeOptions } from '../quantize/options.ts';
import { quantize } from '../quantize/quantize.ts';
import { optionsOf } from './options.ts';
import type { Pass, StepConfig } from './pass.ts';
import type { TrainingConfig } from './training.ts';
import { checkSteps, passesOf, together, type Step } from './run.ts';
import { quote } from '../quote.ts';

/** A step of a recipe as JSON. */
export type StepJson = StepConfig | { readonly together: readonly StepConfig[] };

/** What JSON cannot hold. */
export interface RecipeModels {
  /** The teacher of `distill` steps that name none, or say `given`. */
  readonly teacher?: Module;
}

type Make = (options: never, models: RecipeModels) => Pass;

const makers: Readonly<Record<string, Make>> = {
  prune: (options: PruneOptions) => prune(options),
  quantize: (options: QuantizeOptions) => quantize(options),
  distill: (options: Omit<DistillOptions, 'teacher'> & { readonly teacher?: unknown }, { teacher }) => {
    const { teacher: named, ...rest } = options;
    if (named !== undefined && named !== 'original' && named !== 'given') {
      throw new RecipeError('distill', `the teacher is ${quote(named)}; in JSON it is 'original' or 'given'`);
    }
    if (named === 'given' && !teacher) throw new RecipeError('distill', "the teacher is 'given', but none was");
    return distill({ ...rest, teacher: named === 'original' ? 'original' : (teacher ?? 'original') });
  },
  finetune: (options: TrainingConfig) => finetune(options),
  encode: (options: EncodeOptions) => encode(options),
};

/** The types of passes that recipes can name. */
export const passTypes: readonly string[] = Object.keys(makers);

/** The steps that a JSON recipe stands for. Throws RecipeError, naming the step, for what is no recipe. */
export function parseRecipe(recipe: unknown, models: RecipeModels = {}): Step[] {
  checkOptions('parseRecipe', models, { teacher: aModule });
  if (!Array.isArray(recipe)) throw new RecipeError('steps', `is ${quote(recipe)}; it must be a list`);
  return recipe.map((step: unknown, index) => {
    const place = `steps[${index}]`;
    const several = isObject(step) ? step['together'] : undefined;
    if (several === undefined) return parsePass(step, place, models);
    optionsOf(place, step, ['together']);
    if (!Array.isArray(several)) throw new RecipeError(`${place}.together`, 'must be a list of steps');
    return together(...several.map((each: unknown, inner) => parsePass(each, `${place}.together[${inner}]`, models)));
  });
}

/** A recipe as JSON; `parseRecipe` reads it. */
export function recipeJson(steps: readonly Step[]): StepJson[] {
  checkSteps(steps);
  return steps.map((step) => {
    const configs = passesOf(step).map(({ config }) => config);
    return 'together' in step ? { together: configs } : (configs[0] as StepConfig);
  });
}

function parsePass(step: unknown, place: string, models: RecipeModels): Pass {
  const type = isObject(step) ? step['type'] : undefined;
  const make = typeof type === 'string' && Object.hasOwn(makers, type) ? makers[type] : undefined;
  if (!make || !isObject(step))
    throw new RecipeError(place, `is ${quote(step)}; it needs a type out of ${passTypes.join(', ')}`);
  const { type: _, ...options } = step;
  // Each pass checks its own options.
  return make(options as never, models);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
