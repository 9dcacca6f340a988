/** Running a recipe. */
import {
  deriveSeed,
  enterEvaluation,
  throwIfAborted,
  trainedBy,
  type AbortSignalLike,
  type LossFunction,
  type Module,
} from '@espalier/nn';
import { aDataset, aModule, aSignal, hasMethods } from '@espalier/nn/arguments';
import {
  aBoolean,
  aFunction,
  anObject,
  aText,
  check,
  checkOptional,
  ruleOf,
  satisfies,
  type Rule,
} from '@espalier/tensor/arguments';
import { RecipeError } from '../errors.ts';
import { optionsOf } from './options.ts';
import { quote } from '../quote.ts';
import { checkPrunings } from '../prune/growth.ts';
import { checkTargets } from '../selection/parameter-filter.ts';
import { copyModel } from '../views/copy.ts';
import type { OptimizationData } from './data.ts';
import { checkOrder, effectsOf } from './order.ts';
import type { AppliedPass, Pass, PassContext, PassNeed, PassPlan, PassProgress, PassRecord } from './pass.ts';
import { checkLoss, findTaskLoss, type GivenLoss, type TaskLoss } from './task-loss.ts';
import { agreedTraining, trainStage } from './training.ts';

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

const isRules = (order: unknown): boolean =>
  order === undefined ||
  (Array.isArray(order) &&
    order.every((rule) => ['before', 'after', 'reason'].every((part) => aText.holds(Object(rule)[part]))));

const knownNeeds: ReadonlySet<unknown> = new Set<PassNeed>(['nothing', 'calibration', 'gradients', 'training']);

/** By what it does: a pass may be of anybody's making. */
const aPass: Rule<Pass> = ruleOf(
  'a pass, made by prune, quantize, distill or finetune, or from JSON by parseRecipe',
  (value) =>
    hasMethods(value, 'plan') &&
    anObject.holds(Reflect.get(value as object, 'config')) &&
    knownNeeds.has(Reflect.get(value as object, 'needs')) &&
    Array.isArray(Reflect.get(value as object, 'effects')) &&
    isRules(Reflect.get(value as object, 'order')),
);

const aPlan: Rule<PassPlan> = ruleOf('an object with apply()', (value) => hasMethods(value, 'apply'));

const aChange: Rule<AppliedPass> = ruleOf(
  'an object of model and finalize()',
  (value) => hasMethods(value, 'finalize') && aModule.holds(Reflect.get(value as object, 'model')),
);

const aRecord: Rule<PassRecord> = ruleOf('an object of config, summary and details', (value) =>
  anObject.holds(value) ? anObject.holds(value['config']) && aText.holds(value['summary']) : false,
);

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
  /** Whether the model that is given is worked on itself: there is no other in memory then, and none to learn from. Default: false. */
  readonly inPlace?: boolean;
  /** What passes that train teach the model by: one of `lossTypes`, or a function. Default: what it was trained by. */
  readonly loss?: GivenLoss;
}

/** What came of a recipe. */
export interface RecipeResult {
  readonly model: Module;
  /** What each pass did, in order. */
  readonly records: readonly PassRecord[];
}

/**
 * Carries out a recipe on a copy of a model; the model itself is not changed, unless that is asked for.
 * @throws {RecipeError} before anything is done, for an order that would lose work, a pass that lacks its data, and
 * prunings of which one may leave another nothing to do.
 */
export async function runRecipe(
  model: Module,
  steps: readonly Step[],
  options: RecipeOptions = {},
): Promise<RecipeResult> {
  checkPassing(options);
  checkRecipe(model, steps, options);
  await checkPrunings(model, steps.flatMap(passesOf));
  const current = options.inPlace === true ? model : await copyModel(model);
  // As the teacher of a pass it is called in evaluation; whoever gave it may be in the middle of training it.
  const leave = enterEvaluation(model);
  try {
    return await runSteps(current, model, steps, options);
  } finally {
    leave();
  }
}

/** The steps one after the other, on a copy. */
async function runSteps(
  copy: Module,
  original: Module,
  steps: readonly Step[],
  { data, seed = 0, signal, onProgress, loss }: RecipeOptions,
): Promise<RecipeResult> {
  let current = copy;
  const context: Omit<PassContext, 'seed'> = { data, original, signal, onProgress, loss };
  const records: PassRecord[] = [];
  for (const [index, step] of steps.entries()) {
    throwIfAborted(signal);
    const done = await runStage(current, passesOf(step), { ...context, seed: deriveSeed(seed, `step ${index}`) });
    current = done.model;
    records.push(...done.records);
  }
  return { model: current.eval(), records };
}

/** @throws {RecipeError} when the recipe cannot be carried out on this model with this data, or by this loss. */
export function checkRecipe(
  model: Module,
  steps: readonly Step[],
  options: Pick<RecipeOptions, 'data' | 'loss' | 'seed'>,
): void {
  check('checkRecipe', 'model', model, aModule);
  check<object>('checkRecipe', 'options', options, anObject);
  checkSteps(steps);
  checkOptions(options);
  const { data, loss } = options;
  const stages = steps.map(passesOf);
  const empty = stages.findIndex((stage) => stage.length === 0);
  if (empty >= 0) throw new RecipeError(`steps[${empty}]`, 'has no pass');
  checkOrder(stages, effectsOf(model));
  checkAllTargets(model, stages);
  for (const [index, stage] of stages.entries()) {
    const hungry = stage.find(({ needs }) => needs !== 'nothing');
    if (hungry && !data?.train) {
      throw new RecipeError(`steps[${index}]`, `${hungry.config.type} needs data for ${hungry.needs}; give data.train`);
    }
  }
  checkTasks(stages, loss, trainedBy(model));
}

/** What of an option are patterns; a pass of somebody's may mean something else by it. */
const patternsIn = (option: unknown): readonly string[] =>
  Array.isArray(option) && option.every((each) => typeof each === 'string') ? option : [];

/** @throws {RecipeError} for patterns that match nothing, as far as the names of the model are known: until another takes its place. */
function checkAllTargets(model: Module, stages: readonly (readonly Pass[])[]): void {
  for (const [index, stage] of stages.entries()) {
    for (const { config, targets } of stage) {
      const [include, exclude] = [patternsIn(config['include']), patternsIn(config['exclude'])];
      checkTargets(`steps[${index}]: ${config.type}`, model, { include, exclude }, targets);
    }
    if (stage.some(({ effects }) => effects.includes('architecture'))) return;
  }
}

/** @throws {RecipeError} unless the steps are passes, or several together. */
export function checkSteps(steps: unknown): asserts steps is readonly Step[] {
  if (!Array.isArray(steps)) throw new RecipeError('steps', `is ${quote(steps)}; it must be a list of passes`);
  for (const [index, step] of steps.entries()) {
    const several: unknown = Object(step) === step ? Reflect.get(step as object, 'together') : undefined;
    const passes = Array.isArray(several) ? (several as readonly unknown[]) : [step as unknown];
    const wrong = passes.findIndex((pass) => !satisfies(aPass, pass));
    if (wrong < 0) continue;
    throw new RecipeError(`steps[${index}]`, `${quote(passes[wrong])} is no pass; it must be ${aPass.is}`);
  }
}

/** @throws {RecipeError} for callbacks and signals that are none, and for options that are misspelt. */
function checkPassing(options: RecipeOptions): void {
  optionsOf('runRecipe', options, ['data', 'seed', 'signal', 'onProgress', 'inPlace', 'loss']);
  const { signal, onProgress, inPlace } = options;
  checkOptional('runRecipe', 'inPlace', inPlace, aBoolean);
  checkOptional('runRecipe', 'signal', signal, aSignal);
  checkOptional('runRecipe', 'onProgress', onProgress, aFunction);
}

/** @throws {RecipeError} for options that are not what they should be. */
function checkOptions({ data, loss, seed }: Pick<RecipeOptions, 'data' | 'loss' | 'seed'>): void {
  checkLoss('runRecipe', loss);
  if (seed !== undefined && !Number.isSafeInteger(seed))
    throw new RecipeError('seed', `is ${quote(seed)}; it must be a whole number`);
  for (const split of ['train', 'validate', 'test'] as const) {
    const given: unknown = data?.[split];
    if (given === undefined || satisfies(aDataset, given)) continue;
    throw new RecipeError(`data.${split}`, `is ${quote(given)}; it must be ${aDataset.is}`);
  }
  if (data !== undefined && !anObject.holds(data))
    throw new RecipeError('data', `is ${quote(data)}; say what datasets are for: { train: dataset }`);
  if (data && 'load' in data) throw new RecipeError('data', 'is a dataset; say what it is for: { train: dataset }');
}

/**
 * @throws {RecipeError} when a stage has no loss to train by, or too many; what one stage trains by, the next goes on
 * with.
 */
function checkTasks(
  stages: readonly (readonly Pass[])[],
  caller: GivenLoss | undefined,
  model: LossFunction | undefined,
): void {
  let known = model;
  for (const [index, stage] of stages.entries()) {
    if (!stage.some(({ needs }) => needs === 'training' || needs === 'gradients')) continue;
    const place = `steps[${index}]`;
    const own = stage.filter((pass) => pass.checkLoss);
    if (own.length > 1)
      throw new RecipeError(place, `${own.length} of its passes bring a loss; run them one after the other`);
    const task = findTaskLoss(`${place}: ${placeOf(stage)}`, agreedTraining(place, stage).loss, caller, known);
    own[0]?.checkLoss?.(task);
    known = task.of;
  }
}

/** The name of a stage: `prune`, `prune+distill`. */
function placeOf(passes: readonly Pass[]): string {
  return passes.map(({ config }) => config.type).join('+');
}

/**
 * Carries out the passes of one step, on the model itself: whoever wants to keep it gives a copy. What `checkRecipe` refuses
 * is not checked again.
 */
export async function runStage(model: Module, passes: readonly Pass[], context: PassContext): Promise<RecipeResult> {
  const place = placeOf(passes);
  const applied: AppliedPass[] = [];
  let current = model;
  const train = agreedTraining(place, passes);
  const own: PassContext = { ...context, train, loss: train.loss ?? context.loss };
  for (const pass of passes) {
    const plan = check(place, `the plan of ${pass.config.type}`, await pass.plan(current, own), aPlan);
    const change = check(place, `what ${pass.config.type} did`, await plan.apply(), aChange);
    applied.push(change);
    current = change.model;
  }
  const parts = applied.flatMap(({ training }) => (training ? [training] : []));
  const task = (): TaskLoss => findTaskLoss(place, own.loss, trainedBy(model));
  const training = parts.length > 0 ? await trainStage(place, current, parts, task(), own) : undefined;
  const records: PassRecord[] = [];
  for (const [index, change] of applied.entries()) {
    const name = `what ${passes[index]?.config.type} says of itself in the end`;
    const record = check(place, name, await change.finalize(training), aRecord);
    records.push({ ...record, ...(training && change.training && { training }) });
  }
  return { model: current, records };
}
