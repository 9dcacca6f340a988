import { RandomStream } from '../random/random-stream.ts';
import type { ConfigObject } from '../space/node.ts';
import type { Claim } from '../storage/storage.ts';
import type { Metrics, Origin } from './trial-record.ts';

/** What a study hands to a trial. */
export interface TrialSetup<Config extends ConfigObject> {
  readonly claim: Claim;
  readonly config: Config;
  readonly origin: Origin;
  readonly studySeed: number;
  readonly report: (step: number, metrics: Metrics) => void;
}

/** A claimed trial: a config to try, and a place to report to. */
export class Trial<Config extends ConfigObject = ConfigObject> {
  readonly number: number;
  /** 1, unless an earlier worker vanished with this trial. */
  readonly attempt: number;
  /** The config to try; frozen. */
  readonly config: Config;
  /** How the strategy came to the config. */
  readonly origin: Origin;
  /** A 32-bit seed for the objective's own randomness: the same whenever and wherever this trial runs. */
  readonly seed: number;
  readonly #report: (step: number, metrics: Metrics) => void;

  constructor({ claim, config, origin, studySeed, report }: TrialSetup<Config>) {
    this.number = claim.number;
    this.attempt = claim.attempt;
    this.config = config;
    this.origin = origin;
    this.seed = new RandomStream(studySeed, claim.number, 'objective').uint32();
    this.#report = report;
  }

  /**
   * Records metrics at a step, a whole number from 0 such as an epoch. NaN is allowed: a curve may diverge. Reports are
   * stored in the background; a failure to store them surfaces when the trial is told.
   * @throws RangeError when the step is not a whole number from 0.
   */
  report(step: number, metrics: Metrics): void {
    if (!Number.isSafeInteger(step) || step < 0) {
      throw new RangeError(`report: the step is ${step}: give a whole number from 0`);
    }
    this.#report(step, { ...metrics });
  }
}
