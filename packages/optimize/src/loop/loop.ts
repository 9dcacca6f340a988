/** Tries recipes one after the other, keeps what came of them, and knows the best. */
import { throwIfAborted, monotonicNow, type Module } from '@espalier/nn';
import { GoalError } from '../errors.ts';
import { isQuality } from '../goal/metric.ts';
import type { Goal, GoalVerdict, Verdict } from '../goal/verdict.ts';
import { checkPrunings } from '../prune/growth.ts';
import { describeSteps } from '../recipe/parse.ts';
import { checkRecipe, passesOf, type Step } from '../recipe/run.ts';
import type { Family } from './families.ts';
import type { Judge, Judged } from './judge.ts';
import type { Outcome, Values } from './knobs.ts';
import type { MinimizedCost, OptimizeOptions } from './options.ts';
import type { Stages } from './stages.ts';
import type { WatchedStore } from './store.ts';
import { claimOf, failureOf, isAbort, isBetterTrial, isPromising, readTrial, type LoopTrial } from './trial.ts';

/** What a loop works with. */
export interface LoopSetup {
  readonly model: Module;
  readonly options: OptimizeOptions;
  readonly goals: readonly Goal[];
  /** What the front is drawn of; among the goals, or beside them. */
  readonly quality: Goal;
  /** What is made small; undefined where the best quality within limits is looked for. */
  readonly minimize: MinimizedCost | undefined;
  readonly judge: Judge;
  readonly stages: Stages;
  readonly store: WatchedStore;
}

/** So many failures of passes of one type, one after the other, and it is not tried any more. */
const mostFailures = 3;

/** A search in progress. */
export class Loop {
  readonly #setup: LoopSetup;
  readonly #trials: LoopTrial[] = [];
  #best: LoopTrial | undefined;
  /** The best of those that were found tried, as long as nobody was told. */
  #found: { readonly trial: LoopTrial; readonly steps: readonly Step[] } | undefined;
  readonly #failures = new Map<string, number>();

  constructor(setup: LoopSetup) {
    this.#setup = setup;
  }

  /** What was tried, in order. */
  get trials(): readonly LoopTrial[] {
    return this.#trials;
  }

  /** The best so far, whether it keeps the goals or comes nearest to it. */
  get best(): LoopTrial | undefined {
    return this.#best;
  }

  /** How long all trials took together. */
  get seconds(): number {
    return this.#trials.reduce((sum, { seconds }) => sum + seconds, 0);
  }

  /** Types of passes that failed too often to be tried again. */
  get disabled(): readonly string[] {
    return [...this.#failures].filter(([, count]) => count >= mostFailures).map(([type]) => type);
  }

  /**
   * Tries a recipe, or finds it tried.
   * @throws {GoalError} where another search has left its trials in the store.
   */
  async attempt(family: Family['name'], values: Values, steps: readonly Step[]): Promise<LoopTrial> {
    const { store, options } = this.#setup;
    throwIfAborted(options.signal);
    const number = this.#trials.length;
    const path = `trials/${String(number).padStart(4, '0')}.json`;
    const recipe = describeSteps(steps);
    const left = await store.readText(path);
    let trial = left === undefined ? undefined : readTrial(left);
    if (trial && JSON.stringify(trial.recipe) !== JSON.stringify(recipe))
      throw new GoalError(
        'store',
        `trial ${number} there is of another recipe; go on with the same version, or start anew`,
      );
    if (trial?.confirmed) this.#setup.judge.note(trial.confirmed);
    const isFound = trial !== undefined;
    if (!trial) {
      await this.tellFound();
      trial = JSON.parse(JSON.stringify(await this.#try({ number, family, values, recipe }, steps))) as LoopTrial;
      await store.write(path, `${JSON.stringify(trial)}\n`);
    }
    this.#trials.push(trial);
    this.#countFailures(trial, steps);
    if (!this.#best || isBetterTrial(trial, this.#best)) {
      this.#best = trial;
      this.#found = { trial, steps };
      if (!isFound) await this.tellFound();
    }
    await options.onTrial?.(trial);
    return trial;
  }

  /**
   * Tells of the best model, unless that was done: of those that were found tried the last, so that what somebody keeps of an
   * interrupted search is never changed for what is worse. What the store has lost of it is computed again.
   */
  async tellFound(): Promise<void> {
    if (!this.#found) return;
    const { trial, steps } = this.#found;
    this.#found = undefined;
    const { stages, options } = this.#setup;
    if (trial.key === undefined) return;
    await stages.reach(steps);
    if (claimOf(trial) === 'holds') await options.onBest?.({ trial, files: await stages.files(trial.key) });
  }

  async #try(
    about: Pick<LoopTrial, 'number' | 'family' | 'values' | 'recipe'>,
    steps: readonly Step[],
  ): Promise<LoopTrial> {
    const { options, model, stages, judge, store } = this.#setup;
    const begin = monotonicNow();
    const took = (): number => (monotonicNow() - begin) / 1000;
    try {
      checkRecipe(model, steps, options);
      await checkPrunings(model, steps.flatMap(passesOf));
      const { key } = await stages.reach(steps);
      const made = await stages.load(key);
      const judged = await judge.search(made);
      const known = this.#told(about, key, judged);
      const confirmed = this.#isWorthConfirming(known) ? await judge.confirm(made, judged) : undefined;
      made.dispose();
      return { ...known, ...(confirmed && { confirmed: this.#own(confirmed) }), seconds: took() };
    } catch (error) {
      if (isAbort(error, options.signal) || store.threw(error)) throw error;
      return { ...about, failure: failureOf(error), searched: [], cost: null, seconds: took() };
    }
  }

  #told(
    about: Pick<LoopTrial, 'number' | 'family' | 'values' | 'recipe'>,
    key: string,
    { cost, verdicts, latency }: Judged,
  ): LoopTrial {
    const { perParameter: _, latency: __, ...costs } = cost;
    const { minimize, quality } = this.#setup;
    const found = verdicts.find(({ metric }) => metric === quality.metric.type);
    const ratio = latency && {
      ratio: latency.ratio,
      low: latency.low,
      high: latency.high,
      blocks: latency.blocks,
      verdict: latency.verdict,
    };
    const minimized: Readonly<Record<MinimizedCost, number>> = {
      bytes: costs.bytes,
      memory: costs.memoryBytes,
      macs: costs.macs,
      parameters: costs.parameters,
      'non-zeros': costs.nonZeros,
      latency: ratio?.ratio ?? Infinity,
    };
    const better = quality.metric.direction === 'maximize' ? -1 : 1;
    return {
      ...about,
      key,
      costs,
      ...(ratio && { latencyRatio: ratio }),
      searched: this.#own(verdicts),
      ...(found && { quality: found }),
      cost: minimize ? minimized[minimize] : better * (found?.value ?? Infinity),
      seconds: 0,
    };
  }

  /** Verdicts of the goals alone, without what only the front is drawn of. */
  #own(verdicts: readonly GoalVerdict[]): readonly GoalVerdict[] {
    const { goals } = this.#setup;
    return verdicts.filter(({ metric }) => goals.some((goal) => goal.metric.type === metric));
  }

  /** Only what would be the best is worth a look at what confirms. */
  #isWorthConfirming(trial: LoopTrial): boolean {
    if (!isPromising(trial)) return false;
    const best = this.#best;
    return !best || claimOf(best) !== 'holds' || (trial.cost ?? Infinity) < (best.cost ?? Infinity);
  }

  #countFailures({ failure }: LoopTrial, steps: readonly Step[]): void {
    const types = new Set(steps.flatMap(passesOf).map(({ config }) => config.type));
    for (const type of types) this.#failures.set(type, failure ? (this.#failures.get(type) ?? 0) + 1 : 0);
  }

  /** What a search over knobs is told of a trial: how far the goals are kept that the knob works against. */
  outcomeOf(trial: LoopTrial): Outcome {
    const { goals } = this.#setup;
    const hasQuality = goals.some(({ metric }) => isQuality(metric));
    const counted = trial.searched.filter(({ metric }) => {
      const goal = goals.find((each) => each.metric.type === metric);
      return goal && isQuality(goal.metric) === hasQuality;
    });
    if (trial.failure || counted.length === 0) return { margin: trial.failure ? NaN : 0, cost: trial.cost ?? Infinity };
    const size = (verdict: GoalVerdict): number => Math.max(Math.abs(verdict.bound), 1e-12);
    const margins = counted.map((verdict) => (verdict.margin ?? -Infinity) / size(verdict));
    const refuted = (trial.confirmed ?? [])
      .filter(({ verdict }) => verdict !== 'holds')
      .map((verdict) => Math.min(-1e-9, (verdict.worst ?? -Infinity) / size(verdict)));
    return { margin: Math.min(...margins, ...refuted), cost: trial.cost ?? Infinity };
  }

  /** Whether the best keeps all goals. */
  get isMet(): boolean {
    return this.#best !== undefined && claimOf(this.#best) === 'holds';
  }

  /** Of the goals, by the model as given. */
  get given(): readonly GoalVerdict[] {
    return this.#trials[0]?.searched ?? [];
  }

  /** How all goals stand. */
  get claim(): Verdict {
    return this.#best ? claimOf(this.#best) : 'fails';
  }
}
