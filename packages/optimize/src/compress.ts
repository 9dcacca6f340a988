/** From a model and a goal to a smaller model and a report. */
import { trainedBy, type AbortSignalLike, type Dataset, type Module } from '@espalier/nn';
import { aModule, aSignal } from '@espalier/nn/arguments';
import type { Tensor } from '@espalier/tensor';
import { anObject, check, checkOptions, ruleOf, type OptionRules, type Rule } from '@espalier/tensor/arguments';
import { anything, callback } from './arguments.ts';
import { budgetLoop, type Attempt, type BudgetState, type BudgetStop, type BudgetTrial } from './budget/budget-loop.ts';
import { checkGoal, type CheckedGoal, type Goal } from './budget/goal.ts';
import type { KnobRange } from './budget/knob.ts';
import { chooseMetric, measureQuality, targetKind } from './budget/quality.ts';
import { brokenLimits } from './budget/limit.ts';
import { checkSplits, exampleOf } from './budget/splits.ts';
import { measureCost, type Cost } from './cost/cost.ts';
import { comparisonRules, compareLatency, type ComparisonOptions } from './cost/compare-latency.ts';
import { GoalError } from './errors.ts';
import type { OptimizationData } from './recipe/data.ts';
import { describeSteps } from './recipe/parse.ts';
import { findTaskLoss, type GivenLoss } from './recipe/task-loss.ts';
import type { Pass, PassKnob, PassProgress, PassRecord } from './recipe/pass.ts';
import { checkRecipe, passesOf, runRecipe, type Step } from './recipe/run.ts';
import { checkPrunings, modelAfter } from './prune/growth.ts';
import { quote } from './quote.ts';
import { notesOn } from './report/notes.ts';
import type { CompressionReport, ModelReport } from './report/report.ts';
import { checkAllViews } from './views/carried.ts';

/** What compression works with. */
export interface CompressOptions {
  /** Every decision is made on `validate`; `test` is looked at once, for the report. */
  readonly data: OptimizationData & { readonly validate: Dataset };
  readonly goal: Goal;
  /** The recipe. The first pass with a knob (the sparsity of `prune`) has it turned; the value it was given is tried first. */
  readonly steps: readonly Step[];
  /** All randomness follows from this. Default: 0. */
  readonly seed?: number;
  /** What passes that train teach the model by: one of `lossTypes`, or a function. Default: what it was trained by. */
  readonly loss?: GivenLoss;
  /** Bounds, start or resolution of the knob, other than its own. */
  readonly knob?: Partial<KnobRange>;
  /** Whether, and how, the report compares latencies. Default: true. */
  readonly latency?: boolean | ComparisonOptions;
  /** Goes on from what an interrupted compression remembered. */
  readonly state?: BudgetState;
  /** Told each trial, with what to remember. */
  readonly onTrial?: (trial: BudgetTrial, state: BudgetState) => void | Promise<void>;
  readonly onProgress?: (progress: PassProgress) => void;
  /** Ends the search after the trial in hand; the best so far is returned. */
  readonly signal?: AbortSignalLike;
}

const someLatency: Rule<boolean | ComparisonOptions> = ruleOf(
  'true, false, or options such as { maxMs: 2000 }',
  (value) => typeof value === 'boolean' || anObject.holds(value),
);

/** What is checked where it is used has `anything` here. */
const compressRules: OptionRules<CompressOptions> = {
  data: ruleOf('datasets by what they are for: { train, validate, test }', anObject.holds),
  goal: anything(),
  steps: anything(),
  seed: anything(),
  loss: anything(),
  knob: ruleOf('a part of its range, such as { low: 0.5 }', anObject.holds),
  latency: someLatency,
  state: ruleOf('what onTrial was given', anObject.holds),
  onTrial: callback(),
  onProgress: callback(),
  signal: aSignal,
};

/** A smaller model, and how it came about. */
export interface Compressed {
  readonly model: Module;
  readonly report: CompressionReport;
}

interface Candidate extends Attempt {
  readonly model: Module;
  readonly records: readonly PassRecord[];
}

interface Search {
  readonly stop: BudgetStop | 'single';
  readonly reason: string;
  readonly candidate: Candidate;
  readonly steps: readonly Step[];
  readonly trials: readonly BudgetTrial[];
  readonly front: readonly BudgetTrial[];
}

/**
 * Carries out a recipe so that a goal is met: the quality stays above its floor, and costs stay below their limits.
 * Where a pass has a knob it is turned until the goal is met or known to be out of reach (see `budgetLoop`); the best
 * that was found is returned in any case, and the report says why the search ended. The model given is not changed.
 * @throws {GoalError | RecipeError} before anything is done, for what cannot be carried out.
 *
 * @example
 * const { model: small, report } = await compress(model, {
 *   data: { train, validate, test }, goal: { maxDrop: 0.002, bytes: '<= 100 kB' },
 *   steps: [prune({ sparsity: 0.9, schedule: 'cubic' }), quantize()],
 * });
 */
export async function compress(model: Module, options: CompressOptions): Promise<Compressed> {
  check('compress', 'model', model, aModule);
  if (Object(options) !== options) throw new GoalError('options', `are ${quote(options)}; give { data, goal, steps }`);
  checkOptions('compress', options, compressRules);
  const { data, steps, seed = 0, latency = true } = options;
  const goal = checkGoal(options.goal);
  checkRecipe(model, steps, options);
  // Its bytes are those of a file.
  checkAllViews('compress', model);
  checkSplits(data);
  if (typeof latency !== 'boolean') checkOptions('compress', latency, comparisonRules);
  const input = await exampleOf(data.validate);
  const inputShape = input.shape.slice(1);
  const given = options.loss ?? trainedBy(model);
  const metric = chooseMetric(
    goal.metric,
    await targetKind(model, data.validate),
    given === undefined ? undefined : findTaskLoss('compress', given).name,
  );
  const before = await measureQuality(model, data.validate, metric);
  const attempt = async (recipe: readonly Step[]): Promise<Candidate> => {
    const made = await runRecipe(model, recipe, {
      data,
      seed,
      ...(options.loss !== undefined && { loss: options.loss }),
      ...(options.onProgress && { onProgress: options.onProgress }),
    });
    const cost = await measureCost(made.model, { inputShape, input, latency: goal.limits.latencyMs !== undefined });
    return { ...made, quality: (await measureQuality(made.model, data.validate, metric)).value, costs: costsOf(cost) };
  };
  const found = await search(model, options, goal, goal.floor(before.value), attempt);
  const reportOn = async (name: string, of: Module): Promise<ModelReport> => ({
    name,
    validation: await measureQuality(of, data.validate, metric),
    ...(data.test && { test: await measureQuality(of, data.test, metric) }),
    cost: await measureCost(of, { inputShape, latency: false }),
  });
  const [was, is] = await withLatencies(
    [await reportOn('before', model), await reportOn('after', found.candidate.model)],
    [model, found.candidate.model],
    input,
    latency,
  );
  input.dispose();
  const report: CompressionReport = {
    goal: options.goal,
    recipe: describeSteps(found.steps),
    seed,
    stop: found.stop,
    reason: found.reason,
    before: was,
    after: is,
    records: found.candidate.records,
    trials: found.trials,
    front: found.front,
    notes: notesOn(was, is),
  };
  return { model: found.candidate.model, report };
}

async function search(
  model: Module,
  options: CompressOptions,
  { limits, maxTrials, maxMinutes }: CheckedGoal,
  floor: number,
  attempt: (recipe: readonly Step[]) => Promise<Candidate>,
): Promise<Search> {
  const { steps } = options;
  const passes = steps.flatMap(passesOf);
  const turned = passes.findIndex((pass) => pass.knob !== undefined);
  const knob = passes[turned]?.knob;
  if (!knob) {
    if (options.knob ?? options.state) throw new GoalError('knob', 'no pass of the recipe has one to turn');
    const candidate = await attempt(steps);
    const { quality, costs } = candidate;
    const trial = { knob: 0, quality, costs, margin: quality - floor, brokenLimits: brokenLimits(costs, limits) };
    const misses = [...(trial.margin >= 0 ? [] : ['quality']), ...trial.brokenLimits];
    const reason = `the recipe has nothing to turn, and ${misses.length === 0 ? 'meets the goal' : `misses the goal in ${misses.join(' and ')}`}`;
    return { stop: 'single', reason, candidate, steps, trials: [trial], front: [trial] };
  }
  const met = modelAfter(model, passes.slice(0, turned));
  const range = { ...(await knob.range(met, passes.slice(turned + 1))), ...options.knob };
  const unknown = Object.keys(range).find((name) => !['low', 'high', 'resolution', 'start'].includes(name));
  if (unknown !== undefined)
    throw new GoalError('knob', `'${unknown}' is no part of its range; there are low, high, resolution, start`);
  const at = (value: number): readonly Step[] => turn(steps, knob, value);
  // What its ends cannot be is said before anything is done.
  for (const end of [range.low, range.high]) await checkPrunings(model, at(end).flatMap(passesOf));
  const { stop, reason, best, state, front } = await budgetLoop<Candidate>({
    range,
    floor,
    limits,
    maxTrials,
    maxMinutes,
    of: JSON.stringify([describeSteps(steps), options.seed ?? 0]),
    attempt: (value) => attempt(at(value)),
    ...(options.state && { state: options.state }),
    ...(options.onTrial && { onTrial: options.onTrial }),
    ...(options.signal && { signal: options.signal }),
  });
  return { stop, reason, candidate: best.attempt, steps: at(best.trial.knob), trials: state.trials, front };
}

/** The recipe with the pass of a knob at another value. */
function turn(steps: readonly Step[], knob: PassKnob, value: number): Step[] {
  const turned = (pass: Pass): Pass => (pass.knob === knob ? knob.at(value) : pass);
  return steps.map((step) => ('together' in step ? { together: step.together.map(turned) } : turned(step)));
}

/** The reports with latencies: measured in turns, so that neither model profits from coming second. */
async function withLatencies(
  [was, is]: readonly [ModelReport, ModelReport],
  [before, after]: readonly [Module, Module],
  input: Tensor,
  options: boolean | ComparisonOptions,
): Promise<readonly [ModelReport, ModelReport]> {
  if (options === false) return [was, is];
  const { baseline, latency, ...latencyRatio } = await compareLatency(before, after, {
    ...(options === true ? {} : options),
    inputShape: input.shape.slice(1),
    input,
  });
  return [
    { ...was, cost: { ...was.cost, latency: baseline } },
    { ...is, cost: { ...is.cost, latency }, latencyRatio },
  ];
}

function costsOf({ bytes, parameters, nonZeros, macs, latency }: Cost): Attempt['costs'] {
  return { bytes, parameters, nonZeros, macs, ...(latency && { latencyMs: latency.medianMs }) };
}
