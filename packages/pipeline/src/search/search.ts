/** The search for the best candidate, with its trials in batches that depend on nothing but their numbers. */
import {
  ExhaustedError,
  TrialFailure,
  agingEvolution,
  auto,
  createStudy,
  genetic,
  greedy,
  strategyNamed,
  type Storage,
  type Strategy,
  type Study,
  type Trial,
} from '@espalier/search';
import { FailedError, InterruptedError } from '../errors.ts';
import type { Interrupt } from '../host/host.ts';
import type { ReportTrial } from '../report/report.ts';
import type { Candidate } from '../candidate/candidate.ts';
import { candidateOf } from '../candidate/check-candidate.ts';
import { searchSpace } from '../candidate/search-space.ts';
import type { Score } from '../task/task.ts';
import { classification } from '../task/classification.ts';
import type { SearchRecipe } from './recipe.ts';

/**
 * How many trials are tried at once. They are asked for and told together, in the order of their numbers, so that what
 * a trial is does not depend on which of two ends first. A constant, so that it does not depend on the machine either.
 */
const batchSize = 2;

/** The strategy of a recipe; its population, where it has one. */
function strategyOf({ strategy, population, trials }: SearchRecipe): Strategy {
  switch (strategy) {
    case 'greedy':
      return greedy({ initial: population });
    case 'genetic':
      return genetic({ population });
    case 'aging-evolution':
      return agingEvolution({ population, sample: Math.max(1, Math.round(population / 3)) });
    case 'auto':
      return auto({ trials });
    default:
      return strategyNamed(strategy);
  }
}

/** What a search needs. */
export interface SearchSetup {
  readonly name: string;
  readonly recipe: SearchRecipe;
  readonly seed: number;
  /** Where trials are kept: a storage or its URL. */
  readonly storage: string | Storage;
  readonly interrupt: Pick<Interrupt, 'aborted'>;
  /** What a candidate is judged by. Default: accuracy. */
  readonly score?: Pick<Score, 'name' | 'metric'>;
  /** Trains a candidate from a seed, and gives its score on held-out examples, or on each of some folds. */
  readonly tryCandidate: (candidate: Candidate, seed: number, number: number) => Promise<number | readonly number[]>;
  /** Hears of every trial that ends, and of the best so far. */
  readonly onTrial: (finished: number, best: number | undefined) => void;
}

/** What a search found; the winner's score stands under its name. */
export type SearchOutcome<Name extends string = 'accuracy'> = {
  readonly winner: Candidate;
  /** The winner's trial. */
  readonly best: number;
  readonly trials: readonly ReportTrial<Name>[];
  readonly stopped: string;
} & { readonly [Key in Name]: number };

function finishedCount(study: Study): number {
  return study.trials.filter(({ state }) => state !== 'waiting' && state !== 'running').length;
}

/** Asks for trials up to the next multiple of the batch, so that a resumed search goes on in the same batches. */
async function askBatch(study: Study, trials: number): Promise<readonly Trial[]> {
  const batch: Trial[] = [];
  try {
    do {
      const started = study.trials.filter(({ state }) => state !== 'waiting').length;
      if (started >= trials) break;
      batch.push(await study.ask());
    } while (((batch.at(-1)?.number ?? 0) + 1) % batchSize !== 0);
  } catch (error) {
    if (!(error instanceof ExhaustedError)) throw error;
  }
  return batch;
}

/** The names that a trial's scores on folds stand under, beside their mean. */
const foldName = (fold: number): string => `fold${fold + 1}`;

/** What a study keeps of scores: of folds their mean, as scikit-learn has it, and each of them. */
function metricsOf(score: string, scores: number | readonly number[]): Readonly<Record<string, number>> {
  if (typeof scores === 'number') return { [score]: scores };
  const mean = scores.reduce((sum, each) => sum + each, 0) / scores.length;
  return { [score]: mean, ...Object.fromEntries(scores.map((each, fold) => [foldName(fold), each])) };
}

/** The scores of a trial on its folds, where it was judged by some. */
function foldsIn(metrics: Readonly<Record<string, number>>): readonly number[] {
  const found: number[] = [];
  for (let each = metrics[foldName(0)]; each !== undefined; each = metrics[foldName(found.length)]) found.push(each);
  return found;
}

/** The scores of a trial, or why it has none; an interruption ends the search and leaves the trial open. */
async function attempt(
  trial: Trial,
  { tryCandidate }: SearchSetup,
): Promise<number | readonly number[] | TrialFailure> {
  try {
    return await tryCandidate(candidateOf(trial.config), trial.seed, trial.number);
  } catch (error) {
    if (error instanceof Error && error.name === 'InterruptedError') throw error;
    if (!(error instanceof Error)) return new TrialFailure('crash', String(error));
    return error.name === 'DivergenceError'
      ? new TrialFailure('nan', error.message)
      : new TrialFailure('crash', `${error.name}: ${error.message}`);
  }
}

/** What a report says of folds: the scores, and their deviation from their mean, over all of them. */
function foldFacts(folds: readonly number[]): Pick<ReportTrial, 'folds' | 'sd'> {
  if (folds.length === 0) return {};
  const mean = folds.reduce((sum, each) => sum + each, 0) / folds.length;
  return { folds, sd: Math.sqrt(folds.reduce((sum, each) => sum + (each - mean) ** 2, 0) / folds.length) };
}

function reportTrials(study: Study, score: string): SearchOutcome['trials'] {
  return study.trials.map(({ number, metrics, origin, config }) => ({
    number,
    // The type names the usual score; another task has another.
    ...({ [score]: metrics[score] ?? null } as { readonly accuracy: number | null }),
    ...foldFacts(foldsIn(metrics)),
    operator: origin.operator,
    config,
  }));
}

async function runTrials(study: Study, setup: SearchSetup, score: string): Promise<string> {
  const { recipe, interrupt, onTrial } = setup;
  onTrial(finishedCount(study), study.best?.metrics[score]);
  for (;;) {
    const batch = await askBatch(study, recipe.trials);
    if (batch.length === 0) break;
    const ends = await Promise.allSettled(batch.map((trial) => attempt(trial, setup)));
    if (interrupt.aborted) throw new InterruptedError();
    for (const [index, trial] of batch.entries()) {
      const end = ends[index];
      if (end?.status !== 'fulfilled') throw end?.reason;
      await study.tell(trial, end.value instanceof TrialFailure ? end.value : metricsOf(score, end.value));
    }
    onTrial(finishedCount(study), study.best?.metrics[score]);
  }
  const finished = finishedCount(study);
  return finished < recipe.trials
    ? `ended after ${finished} trials: every config was tried`
    : `ended after ${finished} trials`;
}

/**
 * Searches for the best candidate, going on with what the storage already holds.
 * @throws {InterruptedError} when the user stops it; the storage keeps every finished trial.
 * @throws {FailedError} when no trial worked.
 */
export async function searchCandidates(setup: SearchSetup): Promise<SearchOutcome> {
  const { name, recipe, seed, storage, score = classification.score } = setup;
  await using study = await createStudy({
    name,
    seed,
    storage,
    space: searchSpace(recipe.space),
    objectives: [`${score.metric.direction} ${score.name}`],
    strategy: strategyOf(recipe),
    resume: true,
  });
  const stopped = await runTrials(study, setup, score.name);
  const { best } = study;
  if (best === undefined) {
    const [failed] = study.trials.flatMap(({ failure }) => (failure === undefined ? [] : [failure.message]));
    throw new FailedError(`search: no trial worked; the first failed with: ${failed ?? 'nothing'}`);
  }
  return {
    winner: candidateOf(best.config),
    best: best.number,
    ...({ [score.name]: best.metrics[score.name] ?? 0 } as { readonly accuracy: number }),
    trials: reportTrials(study, score.name),
    stopped,
  };
}
