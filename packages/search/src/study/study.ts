/**
 * A study in this process: ask, tell, report and everything made of these, above a storage that others may write too.
 */
import type { EarlyStopping } from '../early-stopping/early-stopping.ts';
import { StaleClaimError, StudyError } from '../errors.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { RandomStream } from '../random/random-stream.ts';
import type { ConfigObject } from '../space/node.ts';
import type { JsonObject } from '../json.ts';
import type { Space } from '../space/space.ts';
import type { AppendedEvent, ClaimedEvent, DuplicatePolicy, StoredEvent, StudyRecord } from '../storage/events.ts';
import { shownUrl } from '../storage/shown-url.ts';
import type { ClaimToken, Storage } from '../storage/storage.ts';
import type { Decision, Strategy } from '../strategies/strategy.ts';
import { ParetoFront } from './front.ts';
import type { History } from './history.ts';
import { endingOf, type Outcome } from './outcome.ts';
import { Outbox } from './outbox.ts';
import { compareSingle, type Criteria } from './ranking.ts';
import { runStudy } from './run.ts';
import type { AskOptions, ObjectiveFunction, RunOptions, RunResult } from './run-options.ts';
import { Starter } from './starter.ts';
import { StudyView } from './study-view.ts';
import { Trial } from './trial.ts';
import type { TrialRecord } from './trial-record.ts';

/** What makes a study; `createStudy` and `openStudy` put it together. */
export interface StudySetup<Config extends ConfigObject> {
  readonly record: StudyRecord;
  readonly space: Space<Config>;
  readonly criteria: Criteria;
  readonly strategy: Strategy;
  readonly earlyStopping: EarlyStopping | undefined;
  readonly storage: Storage;
  /** Whether the study closes the storage with itself. */
  readonly ownsStorage: boolean;
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds since some moment, by a clock that is not set. */
  readonly elapsed: () => number;
  /** The events that were read already, from the first. */
  readonly events: readonly StoredEvent[];
}

/**
 * A search in progress: ask for a trial, try its config, tell what came of it. Everything else is made of these two,
 * {@link Study.run} included.
 */
export class Study<Config extends ConfigObject = ConfigObject, Metric extends string = string> {
  readonly name: string;
  readonly seed: number;
  readonly space: Space<Config>;
  readonly criteria: Criteria;
  readonly strategy: Strategy;
  readonly earlyStopping: EarlyStopping | undefined;
  readonly duplicates: DuplicatePolicy;
  /** What was kept with the study when it was created. */
  readonly attributes: JsonObject;
  readonly storage: Storage;
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds since some moment, by a clock that is not set. */
  readonly elapsed: () => number;
  readonly #ownsStorage: boolean;
  readonly #view: StudyView;
  readonly #outboxes = new Map<number, Outbox>();
  readonly #starter: Starter;
  readonly #inTurn = oneAtATime();
  readonly #reading = oneAtATime();
  #closed = false;

  constructor(setup: StudySetup<Config>) {
    const { record, space, criteria, strategy, storage, ownsStorage, now } = setup;
    this.name = record.name;
    this.seed = record.seed;
    this.space = space;
    this.criteria = criteria;
    this.strategy = strategy;
    this.earlyStopping = setup.earlyStopping;
    this.duplicates = record.duplicates;
    this.attributes = record.attributes ?? {};
    this.storage = storage;
    this.now = now;
    this.elapsed = setup.elapsed;
    this.#ownsStorage = ownsStorage;
    this.#view = new StudyView(record, space, criteria, shownUrl(storage.url));
    for (const event of setup.events) this.#view.apply(event);
    this.#starter = new Starter(this, this.#view, (events) => this.#write(events));
  }

  /** Every trial with a config, by number, as last read: after every call of this study, or by {@link Study.sync}. */
  get trials(): readonly TrialRecord<Config>[] {
    return this.history.trials as readonly TrialRecord<Config>[];
  }

  /** The study as a strategy sees it, as last read. */
  get history(): History {
    return this.#view.history;
  }

  /** As {@link Study.history}, but only to be read before the next call of this study: that costs less. */
  get passingHistory(): History {
    return this.#view.passing;
  }

  /**
   * The best feasible trial of a study with one objective; undefined before one is complete.
   * @throws {StudyError} of code `objectives` when there are several: see {@link Study.front}.
   */
  get best(): TrialRecord<Config> | undefined {
    const { length } = this.criteria.objectives;
    if (length !== 1) {
      throw new StudyError('objectives', this.name, `it has ${length} objectives, so no single best trial: use front`);
    }
    return this.front[0];
  }

  /**
   * {@link Study.best}, or while no trial is complete the paused one that has trained longest, and of those the best:
   * what a study of many short trials has to show.
   * @throws {StudyError} of code `objectives` when there are several.
   */
  get leading(): TrialRecord<Config> | undefined {
    const trained = ({ reports }: TrialRecord): number => reports.at(-1)?.step ?? 0;
    const paused = this.trials.filter(({ state }) => state === 'paused');
    const [first] = paused.toSorted((a, b) => trained(b) - trained(a) || compareSingle(a, b, this.criteria));
    return this.best ?? first;
  }

  /** The feasible trials that no other dominates, by number; with one objective, the best trial alone. */
  get front(): readonly TrialRecord<Config>[] {
    return new ParetoFront(this.criteria, this.trials).trials as readonly TrialRecord<Config>[];
  }

  /** Reads what others, or another handle on this study, have written. */
  async sync(): Promise<void> {
    await this.#reading(async () => {
      const events = await this.storage.read(this.name, this.#view.projection.revision);
      for (const event of events) this.#view.apply(event);
    });
  }

  /**
   * Queues configs to be tried before any that the strategy suggests: known good ones, for a warm start. Returns the
   * numbers of their trials.
   * @throws {ConfigError} when one is not in the space.
   */
  async enqueue(...configs: readonly Config[]): Promise<readonly number[]> {
    this.#checkOpen();
    const whole = configs.map((config) => this.space.normalize(config));
    const numbers = await this.storage.enqueue(this.name, whole, this.now());
    await this.sync();
    return numbers;
  }

  /**
   * Claims a trial: a waiting one if there is one, else what the strategy decides on, which is a new config or a paused
   * trial to go on.
   * @throws {ExhaustedError} when there is nothing left to try.
   * @throws {PendingError} when the strategy waits for running trials.
   */
  ask({ worker = 'worker', lease, onReport }: AskOptions<Config> = {}): Promise<Trial<Config>> {
    const holder = lease === undefined ? { worker } : { worker, lease };
    return this.#inTurn(async () => {
      for (;;) {
        this.#checkOpen();
        const claim = await this.storage.claim(this.name, { ...holder, at: this.now() });
        await this.sync();
        const taken = claim.config === undefined ? await this.#starter.start(claim, holder) : claim;
        if (taken !== undefined) return this.#handOut(taken, onReport);
      }
    });
  }

  /**
   * Claims a trial that waits: one that was enqueued, given back, or whose worker vanished. Undefined when none does; the
   * strategy is not asked.
   */
  askWaiting({ worker = 'worker', lease, onReport }: AskOptions<Config> = {}): Promise<Trial<Config> | undefined> {
    const holder = lease === undefined ? { worker } : { worker, lease };
    return this.#inTurn(async () => {
      this.#checkOpen();
      const { number, attempt, config } = await this.storage.claim(this.name, { ...holder, at: this.now() });
      await this.sync();
      if (config !== undefined) return this.#handOut({ number, attempt }, onReport);
      await this.#write([{ type: 'release', number, attempt, at: this.now(), reason: 'no trial waits' }]);
      return undefined;
    });
  }

  /**
   * Ends a trial with its metrics, or the only objective's value, or a {@link TrialPruned} or {@link TrialFailure}. With
   * metrics, a trial whose budget is not its last is paused. Returns its record.
   * @throws {ObjectiveError} when a metric is missing or not a number; the trial is then still running.
   * @throws {StaleClaimError} when the trial has ended, or another worker has it.
   */
  async tell(trial: Trial<Config>, outcome: Outcome<Metric>): Promise<TrialRecord<Config>> {
    this.#checkOpen();
    const { number, attempt } = trial;
    const ending = endingOf(outcome, this.criteria);
    const token = { number, attempt, at: this.now(), ...this.#took(trial) };
    const pauses = ending.state === 'complete' && this.#view.trial(number)?.budget?.last === false;
    const event: ClaimedEvent = pauses
      ? { type: 'pause', ...token, metrics: ending.metrics }
      : { type: 'finish', ...token, ...ending };
    const outbox = this.#outboxes.get(number);
    if (outbox?.claim.attempt === attempt) {
      await outbox.flush(event);
      this.#outboxes.delete(number);
    } else await this.storage.append(this.name, [event]);
    await this.sync();
    return this.#recordOf(number, attempt);
  }

  /** Gives a trial back: it waits for the next {@link Study.ask}, with its number, config and checkpoint. */
  async release(trial: Trial<Config>, reason = 'released'): Promise<void> {
    this.#checkOpen();
    const { number, attempt } = trial;
    const took = this.#took(trial);
    this.#outboxes.delete(number);
    await this.#write([{ type: 'release', number, attempt, at: this.now(), ...took, reason }]);
  }

  /** Gives back every trial that this handle has in hand, for a worker that cannot wait for them. */
  async releaseAll(reason = 'released'): Promise<void> {
    const events = [...this.#outboxes.values()].map(({ claim: { number, attempt } }): ClaimedEvent => {
      return { type: 'release', number, attempt, at: this.now(), ...this.#took({ number, attempt }), reason };
    });
    this.#outboxes.clear();
    // One by one: a trial that was lost meanwhile does not keep the others.
    await Promise.allSettled(events.map((event) => this.storage.append(this.name, [event])));
    await this.sync();
  }

  /**
   * Asks, tries and tells until a condition stops it, then waits for the trials in hand.
   * @throws {ObjectiveError} when the objective's answer is not a result.
   * @throws {StudyError} of code `endless` when nothing could ever stop it.
   */
  run(objective: ObjectiveFunction<Config, Metric>, options: RunOptions<Config>): Promise<RunResult<Config>> {
    return runStudy(this, objective, options);
  }

  /** What the strategy makes of a history for the trial of a number: a pure function of the two and the seed. */
  decide(history: History, number: number): Decision {
    const random = new RandomStream(this.seed, number);
    return this.strategy.decide({ space: this.space, history, random, number, duplicates: this.duplicates });
  }

  /** Stores what is still under way, and closes the storage if the study opened it. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.allSettled([...this.#outboxes.values()].map((outbox) => outbox.close()));
    if (this.#ownsStorage) await this.storage.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new StudyError('closed', this.name, 'it was closed: open it again with resume: true');
  }

  async #write(events: readonly AppendedEvent[]): Promise<void> {
    await this.storage.append(this.name, events);
    await this.sync();
  }

  /** For how long a trial has been in hand here. */
  #took({ number, attempt }: ClaimToken): { readonly took?: number } {
    const outbox = this.#outboxes.get(number);
    return outbox?.claim.attempt === attempt ? { took: this.elapsed() - outbox.began } : {};
  }

  #recordOf(number: number, attempt: number): TrialRecord<Config> {
    const record = this.#view.trial(number);
    if (record === undefined) throw new StaleClaimError(this.name, number, attempt, 'there is no such trial');
    return record as TrialRecord<Config>;
  }

  #handOut({ number, attempt }: ClaimToken, onReport: AskOptions<Config>['onReport']): Trial<Config> {
    this.#starter.started();
    const { config, origin, budget, checkpoint } = this.#recordOf(number, attempt);
    const outbox = new Outbox(this.storage, this.name, { number, attempt }, this.elapsed());
    this.#outboxes.set(number, outbox);
    const trial: Trial<Config> = new Trial<Config>({
      claim: outbox.claim,
      config,
      origin,
      studySeed: this.seed,
      budget,
      checkpoint,
      report: (step, metrics) => {
        outbox.push({ type: 'report', number, attempt, at: this.now(), step, metrics });
        onReport?.(step, metrics, trial);
      },
      save: (saved) => outbox.flush({ type: 'save', number, attempt, at: this.now(), ...saved }),
      shouldStop: () => this.#shouldStop(outbox),
    });
    return trial;
  }

  /** What the early stopping says of a running trial, all that was reported being known to it. */
  async #shouldStop(outbox: Outbox): Promise<boolean> {
    if (this.earlyStopping === undefined) return false;
    await outbox.flush();
    await this.sync();
    const { number, attempt } = outbox.claim;
    const trial = this.#view.trial(number);
    if (trial?.state !== 'running' || trial.attempt !== attempt) {
      throw new StaleClaimError(this.name, number, attempt, 'another worker has it');
    }
    return this.earlyStopping.advise({ space: this.space, history: this.#view.passing, trial }).stop;
  }
}
