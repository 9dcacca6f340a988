/** The data of a report on a search: all that is to be told, as JSON. */
import type { Dataset, LossFunction, Module } from '@espalier/nn';
import type { Tensor } from '@espalier/tensor';
import { wilsonInterval } from '../cost/interval.ts';
import { compareLatency } from '../cost/compare-latency.ts';
import { measureCost } from '../cost/cost.ts';
import type { Quality } from '../budget/quality.ts';
import { Scorer } from '../goal/score.ts';
import type { Goal, GoalVerdict, Verdict } from '../goal/verdict.ts';
import type { PassRecord } from '../recipe/pass.ts';
import type { StepJson } from '../recipe/parse.ts';
import { notesOn } from '../report/notes.ts';
import type { ModelReport } from '../report/report.ts';
import type { Loop } from './loop.ts';
import type { MinimizedCost, OptimizeOptions } from './options.ts';
import { layersOf, type WeightReport } from './layers.ts';
import { claimOf, verdictsOf, type LoopTrial } from './trial.ts';
import { unhelpful } from './unhelpful.ts';

/** Why a search ended. `met`: the goals are kept, and nothing is to be made small beyond; `exhausted`: there is nothing left to try. */
export type OptimizationStop = 'met' | 'exhausted' | 'max-trials' | 'max-time' | 'aborted';

/** A point of the front: no other has a better quality at as little cost. */
export interface FrontPoint {
  readonly trial: number;
  readonly family: string;
  readonly cost: number;
  readonly quality: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly claim: Verdict;
}

/** All that a search has to tell, as JSON. */
export interface OptimizationReport {
  readonly goals: readonly GoalVerdict[];
  /** How all goals stand: only what was confirmed by examples that the search did not see holds. */
  readonly claim: Verdict;
  readonly minimize: MinimizedCost | null;
  readonly seed: number;
  readonly stop: OptimizationStop;
  /** Why it ended, in a sentence. */
  readonly reason: string;
  readonly before: ModelReport;
  readonly after: ModelReport;
  readonly layers: readonly WeightReport[];
  /** The recipe that gives the model again without searching: to the bit by `optimize` with it as `steps`, `turn: false` and the same seed. */
  readonly recipe: readonly StepJson[];
  /** What each pass of it did. */
  readonly records: readonly PassRecord[];
  readonly trials: readonly LoopTrial[];
  /** By what the front is drawn. */
  readonly axes: { readonly cost: string; readonly quality: string };
  readonly front: readonly FrontPoint[];
  /** Plain sentences on what did not help. */
  readonly unhelpful: readonly string[];
  /** Plain sentences on what did not get better. */
  readonly notes: readonly string[];
  readonly seconds: number;
}

/** What a report is made of. */
export interface ReportParts {
  readonly model: Module;
  readonly made: Module;
  readonly records: readonly PassRecord[];
  readonly loop: Loop;
  readonly stop: OptimizationStop;
  readonly goals: readonly Goal[];
  readonly quality: Goal;
  readonly minimize: MinimizedCost | undefined;
  readonly options: OptimizeOptions;
  readonly loss: LossFunction | undefined;
  readonly input: Tensor;
}

/** Measures the model that was found beside the one that was given, and puts together what is known. */
export async function reportOn(parts: ReportParts): Promise<OptimizationReport> {
  const { model, made, records, loop, stop, quality, minimize, options, loss, input } = parts;
  const { data, seed = 0, latency = {} } = options;
  const best = loop.best as LoopTrial;
  const inputShape = input.shape.slice(1);
  const qualityOn = (of: Module, examples: Dataset): Promise<Quality> =>
    measured(of, examples, quality, { base: model, loss });
  const reportOf = async (name: string, of: Module): Promise<ModelReport> => ({
    name,
    validation: await qualityOn(of, data.validate),
    ...(data.test && { test: await qualityOn(of, data.test) }),
    cost: await measureCost(of, { inputShape, input, latency: false, entropy: true }),
  });
  const [was, is] = [await reportOf('before', model), await reportOf('after', made)];
  const { baseline, latency: own, ...ratio } = await compareLatency(model, made, { ...latency, inputShape, input });
  const before: ModelReport = { ...was, cost: { ...was.cost, latency: baseline } };
  const after: ModelReport = { ...is, cost: { ...is.cost, latency: own }, latencyRatio: ratio };
  const report: OptimizationReport = {
    goals: verdictsOf(best),
    claim: claimOf(best),
    minimize: minimize ?? null,
    seed,
    stop,
    reason: reasonOf(parts, best),
    before,
    after,
    layers: await layersOf(model, made, before.cost, after.cost),
    recipe: best.recipe,
    records,
    trials: loop.trials,
    axes: { cost: minimize ?? 'bytes', quality: quality.metric.type },
    front: frontOf(loop.trials, quality, minimize),
    unhelpful: unhelpful(loop.trials, best, loop.disabled, minimize !== undefined),
    notes: notesOn(before, after),
    seconds: loop.seconds,
  };
  return JSON.parse(JSON.stringify(report)) as OptimizationReport;
}

/** How good a model is on examples, alone. */
async function measured(
  model: Module,
  data: Dataset,
  { metric }: Goal,
  context: { readonly base: Module; readonly loss: LossFunction | undefined },
): Promise<Quality> {
  const scorer = await Scorer.of(data, [metric], context);
  const { hits, blocks } = await scorer.score(model, 0, data.size);
  const own = hits.get(metric.type);
  const examples = data.size;
  if (!own) return { metric: metric.type, value: scorer.value(metric.type, blocks.get(metric.type) ?? []), examples };
  const right = own.reduce((sum, hit) => sum + hit, 0);
  return { metric: metric.type, value: right / examples, interval: wilsonInterval(right, examples), examples };
}

/** Trials whose quality no cheaper one reaches, cheapest first. */
function frontOf(
  trials: readonly LoopTrial[],
  { metric: { direction } }: Goal,
  minimize: MinimizedCost | undefined,
): FrontPoint[] {
  const sign = direction === 'maximize' ? 1 : -1;
  const points = trials.flatMap((trial) => {
    const { quality, costs } = trial;
    // Where nothing is made small, what decides is the quality, and bytes are what it is drawn against.
    const cost = minimize ? trial.cost : costs?.bytes;
    if (!quality || cost === undefined || cost === null || trial.failure) return [];
    const { value, low, high } = quality;
    // What is no number in a trial that was read is null.
    if (!Number.isFinite(value)) return [];
    return [{ trial: trial.number, family: trial.family, cost, quality: value, low, high, claim: claimOf(trial) }];
  });
  const front: FrontPoint[] = [];
  for (const point of points.toSorted((a, b) => a.cost - b.cost || sign * (b.quality - a.quality)))
    if (sign * point.quality > sign * (front.at(-1)?.quality ?? sign * -Infinity)) front.push(point);
  return front;
}

function reasonOf({ stop, loop, options, goals }: ReportParts, best: LoopTrial): string {
  // The first is the model as given.
  const recipes = loop.trials.length - 1;
  const count = `${recipes} ${recipes === 1 ? 'recipe' : 'recipes'}`;
  const why: Readonly<Record<OptimizationStop, string>> = {
    met: 'the goals are kept',
    exhausted: `there was nothing left to try after ${count}`,
    'max-trials': `${count} ${recipes === 1 ? 'was' : 'were'} tried, which was the most`,
    'max-time': `the ${shownTime(options.maxMinutes ?? 0)} were up after ${count}`,
    aborted: `it was interrupted after ${count}`,
  };
  const missed = verdictsOf(best).filter(({ verdict }) => verdict !== 'holds');
  if (missed.length === 0) return why[stop];
  const words = missed.map(({ goal, verdict, value, bound, examples }) =>
    verdict === 'unsure'
      ? `${goal} is not sure with ${examples === 1 ? '1 example' : `${examples ?? 'these'} examples`}: ${shown(value)} against ${shown(bound)}`
      : `${goal} is out of reach of what was tried: the nearest has ${shown(value)} against ${shown(bound)}`,
  );
  const others = goals.length > missed.length ? ', while the other goals are kept' : '';
  return `${why[stop]}; ${words.join('; ')}${others}`;
}

/** Minutes in words. */
const shownTime = (minutes: number): string =>
  minutes < 1 ? `${shown(minutes * 60)} seconds` : `${shown(minutes)} minutes`;

/** A figure; what is no number in a trial that was read is null. */
const shown = (value: number | null): string => (value === null ? 'no number' : String(Number(value.toPrecision(4))));
