/** A trial in the hands of an objective: its config, and where it reports, saves and asks whether to stop. */
import { quote } from '../checked/quote.ts';
import { json } from '../checked/check.ts';
import { metricsProblem } from '../checked/stored.ts';
import { ValueError } from '../errors.ts';
import type { JsonValue } from '../json.ts';
import { RandomStream } from '../random/random-stream.ts';
import type { ConfigObject } from '../space/node.ts';
import type { ClaimToken } from '../storage/storage.ts';
import type { Budget, Checkpoint, Metrics, Origin } from './trial-record.ts';

/** What a trial asks of its study. */
export interface TrialHooks {
  readonly report: (step: number, metrics: Metrics) => void;
  readonly save: (checkpoint: Checkpoint) => Promise<void>;
  readonly shouldStop: () => Promise<boolean>;
}

/** What a study hands to a trial. */
export interface TrialSetup<Config extends ConfigObject> extends TrialHooks {
  readonly claim: ClaimToken;
  readonly config: Config;
  readonly origin: Origin;
  readonly studySeed: number;
  readonly budget: Budget | undefined;
  readonly checkpoint: Checkpoint | undefined;
}

/**
 * A claimed trial: a config to try, and a place to report to. One that can be paused, or survive its worker, trains
 * from its checkpoint to its budget:
 *
 * ```ts
 * const objective = async (trial: Trial<{ lr: number }>) => {
 *   let loss = Number(trial.checkpoint?.data ?? 1);
 *   for (let step = (trial.checkpoint?.step ?? 0) + 1; step <= (trial.budget ?? 9); step += 1) {
 *     loss *= 1 - trial.config.lr;
 *     trial.report(step, { loss });
 *     await trial.save(step, loss);
 *     if (await trial.shouldStop()) throw new TrialPruned();
 *   }
 *   return loss;
 * };
 * ```
 */
export class Trial<Config extends ConfigObject = ConfigObject> {
  readonly number: number;
  /**
   * Which claim of its number this is, from 1. It goes up when the trial is resumed, given back or lost, but also when the
   * number was claimed before the strategy had a config for it, so it does not count repeats: see `losses` of the record.
   */
  readonly attempt: number;
  /** The config to try; frozen. */
  readonly config: Config;
  /** How the strategy came to the config. */
  readonly origin: Origin;
  /** A 32-bit seed for the objective's own randomness: the same whenever and wherever this trial runs. */
  readonly seed: number;
  /** The step to train up to and tell the metrics of; undefined when the strategy leaves that to the objective. */
  readonly budget: number | undefined;
  /** What to go on from: the last that this trial saved, or the trial it is a clone of. */
  readonly checkpoint: Checkpoint | undefined;
  readonly #hooks: TrialHooks;
  #expired = false;

  constructor(setup: TrialSetup<Config>) {
    this.number = setup.claim.number;
    this.attempt = setup.claim.attempt;
    this.config = setup.config;
    this.origin = setup.origin;
    this.seed = new RandomStream(setup.studySeed, setup.claim.number, 'objective').uint32();
    this.budget = setup.budget?.step;
    this.checkpoint = setup.checkpoint;
    this.#hooks = setup;
  }

  /**
   * Records metrics at a step, a whole number from 0 such as an epoch. NaN is allowed: a curve may diverge. Metrics of
   * one step add up; an earlier step than the last begins the curve again from there. Reports are stored in the
   * background; a failure to store them surfaces when the trial is told.
   * @throws {ValueError} when the step is not a whole number from 0, or when a metric is not a number.
   */
  report(step: number, metrics: Metrics): void {
    const told = { ...metrics };
    refuse('report: the metrics', metricsProblem(told));
    this.#hooks.report(checkStep('report', step), told);
  }

  /**
   * Stores what the trial can go on from after this many steps: wherever it is continued, `checkpoint` is this. Put
   * large data, such as weights, into a file and save its name.
   * @throws {StaleClaimError} when another worker has the trial.
   * @throws {ValueError} for data nested deeper than 200 levels.
   */
  save(step: number, data: JsonValue): Promise<void> {
    refuse('save: the data', json()(data));
    return this.#hooks.save({ step: checkStep('save', step), data });
  }

  /**
   * Whether the trial should end now, by a TrialPruned: because the study's early stopping says so, or because its time
   * is over, which has failed it already.
   */
  async shouldStop(): Promise<boolean> {
    return this.#expired || this.#hooks.shouldStop();
  }

  /** Makes `shouldStop` true: the result of this trial will not be used. */
  expire(): void {
    this.#expired = true;
  }
}

/** @throws {ValueError} for what could be stored, but not read again. */
function refuse(what: string, problem: string | undefined): void {
  if (problem !== undefined) throw new ValueError(`${what} ${problem}`);
}

function checkStep(operation: string, step: number): number {
  if (Number.isSafeInteger(step) && step >= 0) return step;
  throw new ValueError(`${operation}: the step is ${quote(step)}: give a whole number from 0`);
}
