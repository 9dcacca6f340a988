import { rankTrials } from './ranking.ts';
import type { Criteria } from './ranking.ts';
import type { TrialRecord } from './trial-record.ts';

/** The configs that have a trial, by their keys. */
export interface TriedConfigs {
  readonly size: number;
  has(key: string): boolean;
}

/** What a history consists of. */
export interface HistoryParts extends Pick<History, 'revision' | 'trials' | 'finished' | 'tried' | 'criteria'> {
  /** The complete trials from best to worst, where that is already known. */
  readonly ranked: readonly TrialRecord[] | undefined;
}

/** What a strategy knows: a study at one revision. It never changes. */
export class History {
  /** The study's revision that this is. */
  readonly revision: number;
  /** Every trial with a config, by number. */
  readonly trials: readonly TrialRecord[];
  /** Trials that are complete, pruned or failed, in the order they finished. */
  readonly finished: readonly TrialRecord[];
  /** Every config tried, running or waiting. */
  readonly tried: TriedConfigs;
  readonly criteria: Criteria;
  #ranked: readonly TrialRecord[] | undefined;

  constructor({ revision, trials, finished, tried, criteria, ranked }: HistoryParts) {
    this.revision = revision;
    this.trials = trials;
    this.finished = finished;
    this.tried = tried;
    this.criteria = criteria;
    this.#ranked = ranked;
  }

  /** Complete trials from best to worst. */
  get ranked(): readonly TrialRecord[] {
    this.#ranked ??= rankTrials(this.finished, this.criteria);
    return this.#ranked;
  }
}
