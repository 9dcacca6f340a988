/** From a model, data and goals to the smallest or fastest model that is sure to keep them. */
import { lossConfig, trainedBy, unweighted, type Module } from '@espalier/nn';
import { aModule } from '@espalier/nn/arguments';
import { check, checkOptions } from '@espalier/tensor/arguments';
import { checkNeeded } from '../arguments.ts';
import { exampleOf, checkSplits } from '../budget/splits.ts';
import { targetKind } from '../budget/quality.ts';
import { comparisonRules } from '../cost/compare-latency.ts';
import { GoalError, RecipeError } from '../errors.ts';
import { canFold } from '../fold/fold.ts';
import { goalMetric, isQuality, usualMetric, type GoalMetric } from '../goal/metric.ts';
import { parseGoal, printGoal } from '../goal/text.ts';
import type { Goal } from '../goal/verdict.ts';
import { quote } from '../quote.ts';
import { describeSteps } from '../recipe/parse.ts';
import { checkRecipe, checkSteps, passesOf } from '../recipe/run.ts';
import { findTaskLoss } from '../recipe/task-loss.ts';
import { hasUnits } from '../structured/has-units.ts';
import { checkAllViews } from '../views/carried.ts';
import { digestDataset } from './digest.ts';
import { familiesFor, fixedFamily, ownFamily, type Family } from './families.ts';
import { refuseImpossible } from './impossible.ts';
import { Judge } from './judge.ts';
import { Loop } from './loop.ts';
import { optimizeRules, type MinimizedCost, type OptimizeOptions } from './options.ts';
import { reportOn, type OptimizationReport } from './report.ts';
import { search } from './search.ts';
import { Stages } from './stages.ts';
import { memoryStore, watched, type LoopStore } from './store.ts';
import type { LoopTrial } from './trial.ts';

/** The best model that was found, and how. */
export interface Optimized {
  readonly model: Module;
  readonly report: OptimizationReport;
}

/**
 * Looks for the model that takes the fewest bytes, or the least time, and is sure to keep all goals. Without a recipe it tries
 * what is known to help, the cheap first: so there is a model that keeps the goals soon, and only better ones after it
 * (`onBest`). Each knob is turned by what came of it: one is bracketed, several are searched by a study; how strongly weights decay
 * in training is settled by the first values. Batch norms become a part of the layers before them (`fold`). Recipes that nearly keep the goals are
 * trained longer, or give a layer back. What was found is kept in the store by its contents: a search that is interrupted goes
 * on to the same bytes, and a recipe with a known beginning is not computed again. A recipe that fails is a result like others.
 * Decisions see the validation examples alone: a third of them guides the search, and what is claimed is confirmed by the rest.
 * Ends with the best model in any case; the report says which goals it keeps, and why it ended. The model given is not changed.
 * @throws {GoalError | RecipeError} before anything is tried, for goals that cannot be read or are known to be out of reach.
 *
 * @example
 * const { model: small, report } = await optimize(model, {
 *   data: { train, validate, test }, goals: ['accuracy>=base-0.2pp'], minimize: 'bytes',
 * });
 */
export async function optimize(model: Module, options: OptimizeOptions): Promise<Optimized> {
  check('optimize', 'model', model, aModule);
  if (Object(options) !== options) throw new GoalError('options', `are ${quote(options)}; give { data, goals }`);
  checkNeeded('optimize', options, optimizeRules, ['data', 'goals']);
  const { data, seed = 0, latency = {}, signal } = options;
  const store = watched(options.store ?? memoryStore());
  checkSplits(data);
  if (data.validate.size < 2)
    throw new GoalError(
      'data',
      'validate has 1 example; some guide the search and others confirm it, so give at least 2',
    );
  checkOptions('optimize', latency, comparisonRules);
  if (options.steps) checkSteps(options.steps);
  checkRecipe(model, options.steps ?? [], options);
  checkAllViews('optimize', model);
  const targets = await targetKind(model, data.validate).catch(() => undefined);
  const goals = readGoals(options.goals, targets);
  const minimize = minimizedOf(options, goals);
  const given = options.loss ?? trainedBy(model);
  // What counts more in training counts no more in what is claimed.
  const loss = given === undefined ? undefined : unweighted(findTaskLoss('optimize', given).of);
  const quality = goals.find(({ metric }) => isQuality(metric)) ?? besides(targets, loss !== undefined);
  const input = await exampleOf(data.validate);
  const judge = await Judge.of({
    base: model,
    goals: goals.includes(quality) ? goals : [...goals, quality],
    validate: data.validate,
    loss,
    input,
    latency,
    timed: minimize === 'latency',
    signal,
  });
  const costs = [...goals.map(({ metric }) => metric.type), ...(minimize ? [minimize] : [])];
  const families = await familiesOf(model, options, given !== undefined, costs);
  const changesArchitecture = families.some((family) => changesShapes(family));
  const cost = await judge.baseCost();
  refuseImpossible(goals, { model, cost, verdicts: [], changesArchitecture });
  const of = {
    train: await digestDataset(data.train),
    validate: await digestDataset(judge.guiding),
    loss: lossText(options.loss),
  };
  const stages = await Stages.below(model, {
    store,
    of,
    // Passes may decide by examples too, such as whether a teacher is worth its while.
    data: { ...(data.train && { train: data.train }), validate: judge.guiding },
    seed,
    signal,
    loss: options.loss,
    onProgress: options.onProgress,
  });
  await checkStore(store, {
    version: 1,
    root: stages.root,
    goals: goals.map(({ clause }) => printGoal(clause)),
    minimize: minimize ?? null,
    recipe: options.steps ? describeSteps(options.steps) : null,
    turn: options.turn ?? null,
    validate: await digestDataset(data.validate),
    epochs: options.epochs ?? null,
  });
  const loop = new Loop({ model, options, goals, quality, minimize, judge, stages, store });
  const stop = await search(loop, model, families, {
    options,
    goals,
    looking: goals.some(({ metric }) => isQuality(metric)) ? 'last' : 'first',
    impossible: () => refuseImpossible(goals, { model, cost, verdicts: loop.given, changesArchitecture }),
  });
  refuseFruitless(options, loop.trials);
  if (stop !== 'aborted') await loop.tellFound();
  const { best } = loop;
  if (!best?.key)
    throw new GoalError('goals', `nothing came of ${loop.trials.length} recipes: ${failures(loop.trials)}`);
  const made = await stages.load(best.key);
  const records = await stages.recorded(best.key);
  const report = await reportOn({
    model,
    made,
    records,
    loop,
    stop,
    goals,
    quality,
    minimize,
    options,
    loss,
    input,
  });
  input.dispose();
  return { model: made, report };
}

/** What tells a loss from others: functions with a form in JSON that are more than a name, by that. */
function lossText(given: OptimizeOptions['loss']): string | null {
  if (given === undefined) return null;
  const config = typeof given === 'function' ? lossConfig(given) : given;
  return typeof config === 'object' ? JSON.stringify(config) : String(given);
}

/** @throws {GoalError} for what is no goal, and for targets that a metric cannot be of. */
function readGoals(texts: readonly string[], targets: GoalMetric['targets']): Goal[] {
  if (texts.length === 0)
    throw new GoalError('goals', "there are none; say what has to be kept, such as 'accuracy>=base-0.5pp'");
  const goals = texts.map((text) => {
    const clause = parseGoal(text);
    return { clause, metric: goalMetric(clause.metric) as GoalMetric };
  });
  const twice = goals.find(({ metric }, index) => goals.findIndex((other) => other.metric === metric) < index);
  if (twice) throw new GoalError(twice.metric.type, 'is limited twice; keep the stricter goal');
  const wrong = goals.find(({ metric }) => metric.targets && targets && metric.targets !== targets);
  if (wrong)
    throw new GoalError(
      wrong.metric.type,
      `is of ${wrong.metric.targets === 'classes' ? 'classes' : 'numbers'}, and the targets are ${targets === 'classes' ? 'classes' : 'numbers'}; use ${usualMetric(targets as 'classes')} or loss`,
    );
  return goals;
}

/** The quality that is looked at where no goal is of one. */
function besides(targets: GoalMetric['targets'], hasLoss: boolean): Goal {
  const type = targets ? usualMetric(targets) : 'loss';
  if (type === 'loss' && !hasLoss)
    throw new GoalError('goals', 'no goal is of a quality, and nothing says by which loss the model learns; give one');
  const metric = goalMetric(type) as GoalMetric;
  return {
    clause: { metric: type, relation: metric.direction === 'maximize' ? '>=' : '<=', bound: { of: 'base' } },
    metric,
  };
}

/** What is made small: what is asked for; else bytes, unless goals limit a cost, or there is no floor to stop at. */
function minimizedOf({ minimize }: OptimizeOptions, goals: readonly Goal[]): MinimizedCost | undefined {
  if (minimize) return minimize;
  const qualities = goals.filter(({ metric }) => isQuality(metric));
  if (qualities.length === 0) return undefined;
  return 'bytes';
}

async function familiesOf(
  model: Module,
  { data, steps, turn = true, epochs = 10 }: OptimizeOptions,
  hasLoss: boolean,
  costs: readonly string[],
): Promise<Family[]> {
  if (steps) return [turn ? await ownFamily(model, steps) : fixedFamily('the recipe', steps)];
  const canCalibrate = data.train !== undefined;
  const ofCosts = costs.filter(
    (cost) => goalMetric(cost)?.hits === undefined && goalMetric(cost)?.metric === undefined,
  );
  const canShrink = await hasUnits(model, data.train).catch(refused);
  const hasNorms = await canFold(model, data);
  return familiesFor({
    model,
    canCalibrate,
    canShrink,
    canFold: hasNorms,
    canTrain: canCalibrate && hasLoss,
    epochs,
    costs: ofCosts,
  });
}

/** What cannot be cut is tried by other means. */
function refused(error: unknown): false {
  if (error instanceof RecipeError) return false;
  throw error;
}

function changesShapes({ dimensions, beginning, endings }: Family): boolean {
  const values = Object.fromEntries(
    dimensions.map(({ name, dimension }) => [
      name,
      dimension.kind === 'choice' ? (dimension.values[0] ?? null) : (dimension.start ?? dimension.high),
    ]),
  );
  return [...beginning(values), ...endings.flat()]
    .flatMap(passesOf)
    .some(({ effects }) => ['architecture', 'structure', 'layers'].some((effect) => effects.includes(effect)));
}

/**
 * The model as given is no answer to who asked for a recipe that it cannot be changed by.
 * @throws {RecipeError} where that recipe cannot be carried out on this model, whatever it is turned to.
 */
function refuseFruitless({ steps, turn = true }: OptimizeOptions, [, ...tried]: readonly LoopTrial[]): void {
  const isFruitless =
    tried.length > 0 && tried.every(({ failure }) => failure && (!turn || failure.kind === 'refused'));
  if (steps && isFruitless) throw new RecipeError('steps', `nothing comes of the recipe: ${failures(tried)}`);
}

/** @throws {GoalError} where the store holds another search. */
async function checkStore(store: LoopStore, run: object): Promise<void> {
  const text = `${JSON.stringify(run)}\n`;
  const left = await store.readText('run.json');
  if (left !== undefined && left !== text)
    throw new GoalError(
      'store',
      'holds another search: its model, data, goals, recipe or seed differ; start anew, or ask for the same as before',
    );
  if (left === undefined) await store.write('run.json', text);
}

const failures = (trials: readonly LoopTrial[]): string =>
  [...new Set(trials.flatMap(({ failure }) => (failure ? [failure.message] : [])))].join('; ');
