/** Recipes as JSON. */
import { Registry, type Module } from '@espalier/nn';
import { aModule } from '@espalier/nn/arguments';
import {
  aFunction,
  anObject,
  aText,
  check,
  checkOptions,
  ruleOf,
  satisfies,
  type OptionRules,
} from '@espalier/tensor/arguments';
import { partsOf } from '../arguments.ts';
import { RecipeError } from '../errors.ts';
import { cluster, type ClusterOptions } from '../cluster/cluster.ts';
import { aTeacherCache, type TeacherCache } from '../distill/cache/teacher-cache.ts';
import { distill } from '../distill/distill.ts';
import type { DistillOptions } from '../distill/options.ts';
import type { TeacherChoice, TeacherOptions } from '../distill/teachers.ts';
import { encode, type EncodeOptions } from '../encode/encode.ts';
import { finetune } from '../finetune/finetune.ts';
import { fold } from '../fold/fold.ts';
import { lottery, type LotteryOptions } from '../prune/lottery.ts';
import type { PruneOptions } from '../prune/options.ts';
import { prune } from '../prune/prune.ts';
import type { QuantizeOptions } from '../quantize/options.ts';
import { quantize } from '../quantize/quantize.ts';
import { quantizeCache, type QuantizeCacheOptions } from '../quantize/quantize-cache.ts';
import { awq, type AwqOptions } from '../rounding/awq.ts';
import { hqq, type HqqOptions } from '../rounding/hqq.ts';
import { equalize, type EqualizeOptions } from '../scaling/equalize.ts';
import { smoothQuant, type SmoothQuantOptions } from '../scaling/smooth-quant.ts';
import type { ParameterFilter } from '../selection/parameter-filter.ts';
import { optionsOf } from './options.ts';
import { gptq, type GptqOptions } from '../second-order/gptq.ts';
import { sparseGpt, type SparseGptOptions } from '../second-order/sparse-gpt.ts';
import { wanda, type WandaOptions } from '../second-order/wanda.ts';
import { dropLayers, type DropLayersOptions } from '../structured/drop-layers.ts';
import type { ShrinkOptions } from '../structured/options.ts';
import { shrink } from '../structured/shrink.ts';
import { lowRank, type LowRankOptions } from '../low-rank/low-rank.ts';
import { mixedBy, type MixedOptions } from '../sensitivity/mixed.ts';
import type { Pass, StepConfig } from './pass.ts';
import type { TrainingConfig } from './training-config.ts';
import { checkSteps, passesOf, together, type Step } from './run.ts';
import { presetNames, presets } from './presets.ts';
import { quote } from '../quote.ts';

/** A step of a recipe as JSON. */
export type StepJson = StepConfig | { readonly together: readonly StepConfig[] };

/** What JSON cannot hold. */
export interface RecipeModels {
  /** The teacher of `distill` steps that name none, or say `given`. */
  readonly teacher?: Module;
  /** Those of steps that list several, by the `name` that they are listed with. */
  readonly teachers?: Readonly<Record<string, Module>>;
  /** Where all `distill` steps keep the answers of their teachers. */
  readonly cache?: TeacherCache;
}

/** How a type of pass is made from JSON. */
export interface PassType {
  readonly type: string;
  /**
   * The options are those of the step, unchecked.
   * @throws {RecipeError} for what they cannot be.
   */
  readonly make: (options: never, models: RecipeModels) => Pass;
}

/** Options of `distill` in JSON, unchecked. */
type DistillJson = Omit<DistillOptions, 'teacher' | 'cache'> & { readonly teacher?: unknown };

/** The teachers that JSON names. */
function namedTeacher(named: unknown, models: RecipeModels): TeacherChoice {
  if (named === undefined) return models.teacher ?? 'original';
  if (named === 'self') return named;
  if (!Array.isArray(named)) return teacherNamed('distill', named, models.teacher);
  return named.map((each: unknown, index): TeacherOptions => {
    const place = `distill.teacher[${index}]`;
    optionsOf(place, each, ['teacher', 'name', 'weight']);
    const { teacher, name, ...rest } = each as Readonly<Record<string, unknown>>;
    const given =
      name === undefined ? models.teacher : Object.entries(models.teachers ?? {}).find(([own]) => own === name)?.[1];
    const said = name === undefined ? {} : { name: name as string };
    return { ...rest, ...said, teacher: teacherNamed(place, teacher, given, name) };
  });
}

function teacherNamed(place: string, named: unknown, given: Module | undefined, name?: unknown): Module | 'original' {
  if (named === 'original') return named;
  if (named !== 'given')
    throw new RecipeError(
      place,
      `the teacher is ${quote(named)}; in JSON it is 'original', 'given', 'self', or a list`,
    );
  if (given) return given;
  throw new RecipeError(
    place,
    `the teacher is 'given', but ${name === undefined ? 'none was' : `none of the name ${quote(name)} was`}`,
  );
}

const types = new Registry<PassType>('type of pass', ({ type }) => type, [
  { type: 'prune', make: (options: PruneOptions) => prune(options) },
  { type: 'quantize', make: (options: QuantizeOptions) => quantize(options) },
  {
    type: 'distill',
    make: ({ teacher, ...rest }: DistillJson, models) =>
      distill({ ...rest, teacher: namedTeacher(teacher, models), ...(models.cache && { cache: models.cache }) }),
  },
  { type: 'finetune', make: (options: TrainingConfig) => finetune(options) },
  { type: 'low-rank', make: (options: LowRankOptions) => lowRank(options) },
  { type: 'cluster', make: (options: ClusterOptions) => cluster(options) },
  { type: 'mixed', make: (options: MixedOptions) => mixed(options) },
  { type: 'encode', make: (options: EncodeOptions) => encode(options) },
  { type: 'gptq', make: (options: GptqOptions) => gptq(options) },
  { type: 'sparse-gpt', make: (options: SparseGptOptions) => sparseGpt(options) },
  { type: 'quantize-cache', make: (options: QuantizeCacheOptions) => quantizeCache(options) },
  { type: 'drop-layers', make: (options: DropLayersOptions) => dropLayers(options) },
  { type: 'shrink', make: (options: ShrinkOptions) => shrink(options) },
  { type: 'fold', make: (options: ParameterFilter) => fold(options) },
  { type: 'equalize', make: (options: EqualizeOptions) => equalize(options) },
  { type: 'smooth-quant', make: (options: SmoothQuantOptions) => smoothQuant(options) },
  { type: 'awq', make: (options: AwqOptions) => awq(options) },
  { type: 'hqq', make: (options: HqqOptions) => hqq(options) },
  { type: 'wanda', make: (options: WandaOptions) => wanda(options) },
  { type: 'lottery', make: (options: LotteryOptions) => lottery(options) },
]);

const modelRules: OptionRules<RecipeModels> = {
  teacher: aModule,
  teachers: ruleOf(
    'models by name',
    (value) => anObject.holds(value) && Object.values(value).every((each) => satisfies(aModule, each)),
  ),
  cache: aTeacherCache,
};

/**
 * Gives each layer as many bits as it bears, so that all together keep a budget at the least damage: a knapsack over a table of
 * layers and options, exact as far as damages add up. Further budgets are asked of one table, which `sensitivity` measures.
 * @throws {RecipeError} for options that contradict themselves.
 * @throws {GoalError} for a budget that the smallest options exceed.
 *
 * @example
 * mixed({ bits: 3.5 })
 */
export const mixed: (options: MixedOptions) => Pass = mixedBy((config) => parsePass(config, 'mixed', {}));

const aPassType = partsOf<PassType>('a type of pass: { type, make }', { type: aText, make: aFunction });

/**
 * Makes a type of pass known to recipes.
 * @throws {ConfigError} if the name is taken by another one.
 */
export function registerPass(type: PassType): void {
  types.register('registerPass', check('registerPass', 'type', type, aPassType));
}

/** The types of passes that recipes can name, those that were registered last. */
export const passTypes: readonly string[] = types.names;

/**
 * The steps that a JSON recipe stands for; `{ include: 'tiny' }` for those of a preset.
 * @throws {RecipeError} naming the step, for what is no recipe.
 */
export function parseRecipe(recipe: unknown, models: RecipeModels = {}): Step[] {
  checkOptions('parseRecipe', models, modelRules);
  if (!Array.isArray(recipe)) throw new RecipeError('steps', `is ${quote(recipe)}; it must be a list`);
  return recipe.flatMap((step: unknown, index): Step | Step[] => {
    const place = `steps[${index}]`;
    if (isObject(step) && step['include'] !== undefined && step['type'] === undefined)
      return included(step, place, models);
    const several = isObject(step) ? step['together'] : undefined;
    if (several === undefined) return parsePass(step, place, models);
    optionsOf(place, step, ['together']);
    if (!Array.isArray(several)) throw new RecipeError(`${place}.together`, 'must be a list of steps');
    return together(...several.map((each: unknown, inner) => parsePass(each, `${place}.together[${inner}]`, models)));
  });
}

/** The steps of a preset. */
function included(step: Readonly<Record<string, unknown>>, place: string, models: RecipeModels): Step[] {
  optionsOf(place, step, ['include']);
  const name = presetNames.find((known) => known === step['include']);
  if (name) return parseRecipe(presets[name].steps, models);
  throw new RecipeError(place, `include is ${quote(step['include'])}; it must be one of ${presetNames.join(', ')}`);
}

/**
 * A recipe as JSON; `parseRecipe` reads it.
 * @throws {RecipeError} for a pass whose type is not registered: no JSON can name it.
 */
export function recipeJson(steps: readonly Step[]): StepJson[] {
  checkSteps(steps);
  for (const [index, step] of steps.entries())
    for (const { config } of passesOf(step))
      if (!types.get(config.type))
        throw new RecipeError(
          `steps[${index}]`,
          `${quote(config.type)} is no type of pass that JSON can name; make it known (registerPass)`,
        );
  return describeSteps(steps);
}

/** What the steps are, as JSON, which need not be of types that can be read. */
export function describeSteps(steps: readonly Step[]): StepJson[] {
  return steps.map((step) => {
    const configs = passesOf(step).map(({ config }) => config);
    return 'together' in step ? { together: configs } : (configs[0] as StepConfig);
  });
}

function parsePass(step: unknown, place: string, models: RecipeModels): Pass {
  const type = isObject(step) ? step['type'] : undefined;
  const known = types.get(type);
  if (!known || !isObject(step))
    throw new RecipeError(place, `is ${quote(step)}; it needs a type out of ${types.list}`);
  const { type: _, ...options } = step;
  // Each pass checks its own options.
  const pass: unknown = known.make(options as never, models);
  checkSteps([pass]);
  return pass as Pass;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
