/**
 * Finds a worker its next trial: an enqueued or lost one, a paused one to go on, or a new number with a config for it.
 */
import { ExhaustedError, PendingError, StaleClaimError } from '../errors.ts';
import type { ConfigObject } from '../space/node.ts';
import type { Space } from '../space/space.ts';
import type { AppendedEvent, ClaimedEvent, DuplicatePolicy } from '../storage/events.ts';
import type { Claimant, ClaimToken } from '../storage/storage.ts';
import type { Decision, Resumption, Suggestion } from '../strategies/strategy.ts';
import type { History } from './history.ts';
import type { StudyView } from './study-view.ts';
import type { TrialRecord } from './trial-record.ts';

/** How many suggestions in a row may be answered by earlier results before a study counts as exhausted. */
const mostReused = 100;

/** What is made of a claim that ran out before anything was written under it, so that another worker has the number. */
function ifOvertaken(error: unknown): undefined {
  if (!(error instanceof StaleClaimError)) throw error;
}

/** What is needed of the study whose strategy decides. */
interface DecidingStudy {
  readonly name: string;
  readonly space: Space;
  readonly duplicates: DuplicatePolicy;
  readonly now: () => number;
  decide(history: History, number: number): Decision;
}

/** Who claims, and for how many milliseconds. */
type Holder = Pick<Claimant, 'worker' | 'lease'>;

/** Gives claimed numbers what the strategy decides for them. */
export class Starter {
  readonly #study: DecidingStudy;
  readonly #view: StudyView;
  readonly #write: (events: readonly AppendedEvent[]) => Promise<void>;
  #reusedInARow = 0;

  /** @param write appends events, and reads them into the view */
  constructor(study: DecidingStudy, view: StudyView, write: (events: readonly AppendedEvent[]) => Promise<void>) {
    this.#study = study;
    this.#view = view;
    this.#write = write;
  }

  /**
   * Lets the strategy decide what to do with a claimed number, and gives the claim that comes of it: undefined when it
   * has to be asked again. A number left without a config is given back.
   * @throws {ExhaustedError} when there is nothing left to try.
   * @throws {PendingError} when the strategy waits for running trials.
   */
  start(claim: ClaimToken, holder: Holder): Promise<ClaimToken | undefined> {
    return this.#start(claim, holder).catch(ifOvertaken);
  }

  /** Takes note that a trial is in hand, so that earlier results are not all that comes of asking. */
  started(): void {
    this.#reusedInARow = 0;
  }

  async #start(claim: ClaimToken, holder: Holder): Promise<ClaimToken | undefined> {
    const { space, name } = this.#study;
    const { revision: basis } = this.#view.projection;
    let decision: Decision;
    try {
      decision = this.#study.decide(this.#view.passing, claim.number);
      if (decision.type === 'try') space.normalize(decision.config);
    } catch (error) {
      await this.#giveBack(claim, 'the strategy failed');
      throw error;
    }
    if (decision.type === 'try') return this.#try(claim, decision, basis);
    if (decision.type === 'resume') return this.#resume(claim, decision, basis, holder);
    await this.#giveBack(claim, decision.reason);
    throw decision.type === 'wait'
      ? new PendingError(name, decision.reason)
      : new ExhaustedError(name, decision.reason);
  }

  async #try(
    { number, attempt }: ClaimToken,
    { config, origin, budget, inherits }: Suggestion,
    basis: number,
  ): Promise<ClaimToken | undefined> {
    const { duplicates, name } = this.#study;
    const token = { number, attempt, at: this.#study.now() };
    const optional = { ...(budget === undefined ? {} : { budget }), ...(inherits === undefined ? {} : { inherits }) };
    const start: ClaimedEvent = { type: 'start', ...token, config, origin, basis, ...optional };
    const known = duplicates === 'reuse' ? this.#resultOf(config) : undefined;
    if (known === undefined) {
      await this.#write([start]);
      return { number, attempt };
    }
    if (this.#reusedInARow >= mostReused) {
      const reason = `${mostReused} configs in a row were tried before`;
      await this.#giveBack(token, reason);
      throw new ExhaustedError(name, reason);
    }
    this.#reusedInARow += 1;
    await this.#write([
      { ...start, origin: { ...origin, reuses: known.number } },
      { type: 'finish', ...token, state: 'complete', metrics: known.metrics },
    ]);
    return undefined;
  }

  async #resume(
    claim: ClaimToken,
    { trial, budget }: Resumption,
    basis: number,
    holder: Holder,
  ): Promise<ClaimToken | undefined> {
    const resumed = { number: trial, attempt: (this.#view.trial(trial)?.attempt ?? 0) + 1 };
    const asked = claim.number;
    try {
      await this.#write([
        this.#released(claim, `trial ${trial} goes on instead`),
        { type: 'resume', ...resumed, at: this.#study.now(), ...holder, budget, basis, asked },
      ]);
    } catch (error) {
      if (!(error instanceof StaleClaimError)) throw error;
      // Another worker has resumed it meanwhile: the strategy decides again, knowing that.
      await this.#giveBack(claim, `trial ${trial} was taken`);
      return undefined;
    }
    return resumed;
  }

  #released({ number, attempt }: ClaimToken, reason: string): ClaimedEvent {
    return { type: 'release', number, attempt, at: this.#study.now(), reason };
  }

  #giveBack(claim: ClaimToken, reason: string): Promise<void> {
    return this.#write([this.#released(claim, reason)]);
  }

  /** A complete trial of a config, if there is one. */
  #resultOf(config: ConfigObject): TrialRecord | undefined {
    const { space } = this.#study;
    const { passing } = this.#view;
    const key = space.key(config);
    if (!passing.tried.has(key)) return undefined;
    return passing.finished.find((trial) => trial.state === 'complete' && space.key(trial.config) === key);
  }
}
