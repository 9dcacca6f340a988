import { ExhaustedError, StaleClaimError, StudyError } from '../errors.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { RandomStream } from '../random/random-stream.ts';
import type { ConfigObject } from '../space/node.ts';
import type { Space } from '../space/space.ts';
import type { ClaimedEvent, StudyRecord } from '../storage/events.ts';
import type { Claim, Storage } from '../storage/storage.ts';
import type { Decision, Strategy } from '../strategies/strategy.ts';
import { ParetoFront } from './front.ts';
import type { History } from './history.ts';
import type { Outcome } from './outcome.ts';
import { endingOf } from './outcome.ts';
import type { Criteria } from './ranking.ts';
import { runStudy } from './run.ts';
import type { ObjectiveFunction, RunOptions, RunResult } from './run.ts';
import { StudyView } from './study-view.ts';
import { Trial } from './trial.ts';
import type { Metrics, TrialRecord } from './trial-record.ts';

/** What makes a study; `createStudy` and `openStudy` put it together. */
export interface StudySetup<Config extends ConfigObject> {
  readonly record: StudyRecord;
  readonly space: Space<Config>;
  readonly criteria: Criteria;
  readonly strategy: Strategy;
  readonly storage: Storage;
  /** Whether the study closes the storage with itself. */
  readonly ownsStorage: boolean;
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number;
}

/** Who asks, and what else to do with what the trial reports. */
export interface AskOptions {
  /** A name for whoever tries the trial. Default `worker`. */
  readonly worker?: string;
  /** Told of every report as it is made. */
  readonly onReport?: (step: number, metrics: Metrics) => void;
}

/** The writes of a trial in hand: those reported while one is under way go out together in the next. */
interface Outbox {
  readonly attempt: number;
  waiting: ClaimedEvent[];
  sending: Promise<void>;
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
  readonly storage: Storage;
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number;
  readonly #ownsStorage: boolean;
  readonly #view: StudyView;
  readonly #outboxes = new Map<number, Outbox>();
  readonly #inTurn = oneAtATime();
  readonly #reading = oneAtATime();
  #closed = false;

  constructor({ record, space, criteria, strategy, storage, ownsStorage, now }: StudySetup<Config>) {
    this.name = record.name;
    this.seed = record.seed;
    this.space = space;
    this.criteria = criteria;
    this.strategy = strategy;
    this.storage = storage;
    this.now = now;
    this.#ownsStorage = ownsStorage;
    this.#view = new StudyView(record, space, criteria);
  }

  /** Every trial with a config, by number, as last read: after every call of this study, or by {@link Study.sync}. */
  get trials(): readonly TrialRecord<Config>[] {
    return this.history.trials as readonly TrialRecord<Config>[];
  }

  /** The study as a strategy sees it, as last read. */
  get history(): History {
    return this.#view.history;
  }

  /**
   * The best feasible trial of a study with one objective; undefined before one is complete.
   * @throws StudyError of code `objectives` when there are several: see {@link Study.front}.
   */
  get best(): TrialRecord<Config> | undefined {
    const { length } = this.criteria.objectives;
    if (length !== 1) {
      throw new StudyError('objectives', this.name, `it has ${length} objectives, so no single best trial: use front`);
    }
    return this.front[0];
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
   * @throws ConfigError when one is not in the space.
   */
  async enqueue(...configs: readonly Config[]): Promise<readonly number[]> {
    this.#checkOpen();
    const whole = configs.map((config) => this.space.normalize(config));
    const numbers = await this.storage.enqueue(this.name, whole, this.now());
    await this.sync();
    return numbers;
  }

  /**
   * Claims a trial: a waiting one if there is one, else a new one with a config from the strategy.
   * @throws ExhaustedError when there is nothing left to try.
   */
  ask({ worker = 'worker', onReport }: AskOptions = {}): Promise<Trial<Config>> {
    return this.#inTurn(async () => {
      this.#checkOpen();
      const claim = await this.storage.claim(this.name, { worker, at: this.now() });
      await this.sync();
      if (claim.config === undefined) await this.#start(claim);
      return this.#handOut(claim, onReport);
    });
  }

  /**
   * Ends a trial with its metrics, or the only objective's value, or a {@link TrialPruned} or {@link TrialFailure}.
   * Returns its record.
   * @throws ObjectiveError when a metric is missing or not a number; the trial is then still running.
   * @throws StaleClaimError when the trial has ended, or another worker has it.
   */
  async tell(trial: Trial<Config>, outcome: Outcome<Metric>): Promise<TrialRecord<Config>> {
    this.#checkOpen();
    const { number, attempt } = trial;
    const ending = endingOf(outcome, this.criteria);
    const outbox = this.#outboxes.get(number);
    const at = this.now();
    if (outbox?.attempt === attempt) {
      outbox.waiting.push({ type: 'finish', number, attempt, at, ...ending });
      await this.#send(outbox);
      this.#outboxes.delete(number);
    } else await this.storage.append(this.name, [{ type: 'finish', number, attempt, at, ...ending }]);
    await this.sync();
    return this.#recordOf(number, attempt);
  }

  /** Gives a trial back: it waits for the next {@link Study.ask}, with its number and config. */
  async release(trial: Trial<Config>, reason = 'released'): Promise<void> {
    this.#checkOpen();
    const { number, attempt } = trial;
    this.#outboxes.delete(number);
    await this.storage.append(this.name, [{ type: 'release', number, attempt, at: this.now(), reason }]);
    await this.sync();
  }

  /**
   * Asks, tries and tells until a condition stops it, then waits for the trials in hand.
   * @throws ObjectiveError when the objective's answer is not a result.
   * @throws StudyError of code `endless` when nothing could ever stop it.
   */
  run(objective: ObjectiveFunction<Config, Metric>, options: RunOptions<Config>): Promise<RunResult<Config>> {
    return runStudy(this, objective, options);
  }

  /** What the strategy makes of a history for the trial of a number: a pure function of the two and the seed. */
  decide(history: History, number: number): Decision {
    const random = new RandomStream(this.seed, number);
    return this.strategy.decide({ space: this.space, history, random, number });
  }

  /** Stores what is still under way, and closes the storage if the study opened it. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.allSettled([...this.#outboxes.values()].map((outbox) => this.#send(outbox)));
    if (this.#ownsStorage) await this.storage.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new StudyError('closed', this.name, 'it was closed: open it again with resume: true');
  }

  /** Lets the strategy suggest the config of a claimed number. A number left without one is given back. */
  async #start({ number, attempt }: Claim): Promise<void> {
    const { history } = this;
    const giveBack = async (reason: string): Promise<void> => {
      await this.storage.append(this.name, [{ type: 'release', number, attempt, at: this.now(), reason }]);
      await this.sync();
    };
    let decision: Decision;
    try {
      decision = this.decide(history, number);
      if (decision.type === 'try') this.space.normalize(decision.config);
    } catch (error) {
      await giveBack('the strategy failed');
      throw error;
    }
    if (decision.type === 'exhausted') {
      await giveBack(decision.reason);
      throw new ExhaustedError(this.name, decision.reason);
    }
    const { config, origin } = decision;
    const event = { type: 'start', number, attempt, at: this.now(), config, origin, basis: history.revision } as const;
    await this.storage.append(this.name, [event]);
    await this.sync();
  }

  #recordOf(number: number, attempt: number): TrialRecord<Config> {
    const record = this.#view.trial(number);
    if (record === undefined) throw new StaleClaimError(this.name, number, attempt, 'there is no such trial');
    return record as TrialRecord<Config>;
  }

  #handOut(claim: Claim, onReport: AskOptions['onReport']): Trial<Config> {
    const { number, attempt } = claim;
    const { config, origin } = this.#recordOf(number, attempt);
    const outbox: Outbox = { attempt, waiting: [], sending: Promise.resolve() };
    this.#outboxes.set(number, outbox);
    const report = (step: number, metrics: Metrics): void => {
      outbox.waiting.push({ type: 'report', number, attempt, at: this.now(), step, metrics });
      // Its failure is not lost: the next send, at the latest that of tell, meets it again.
      this.#send(outbox).catch(() => undefined);
      onReport?.(step, metrics);
    };
    return new Trial<Config>({ claim, config, origin, studySeed: this.seed, report });
  }

  /** Writes what an outbox holds, once what it sent before is written. */
  #send(outbox: Outbox): Promise<void> {
    const send = async (): Promise<void> => {
      const events = outbox.waiting;
      if (events.length === 0) return;
      outbox.waiting = [];
      await this.storage.append(this.name, events).catch((error: unknown) => {
        outbox.waiting = [...events, ...outbox.waiting];
        throw error;
      });
    };
    outbox.sending = outbox.sending.then(send, send);
    return outbox.sending;
  }
}
