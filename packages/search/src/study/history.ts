/** What strategies see of a study: one revision, as lists that are worked out when they are asked for. */
import { rankGrowing, type Criteria } from './ranking.ts';
import type { TrialRecord } from './trial-record.ts';

/** The configs that have a trial, by their keys. */
export interface TriedConfigs {
  readonly size: number;
  has(key: string): boolean;
}

/** The orders in which trials are kept. */
export interface HistoryLists {
  readonly trials: readonly TrialRecord[];
  readonly finished: readonly TrialRecord[];
  /** The complete trials from best to worst, where that is already known. */
  readonly ranked: readonly TrialRecord[] | undefined;
  readonly running: readonly TrialRecord[];
  /** How many trials wait. */
  readonly waiting: number;
}

/** The lists of trials that nobody keeps in order. */
export function listsOf(
  trials: readonly TrialRecord[],
  { finished, ranked }: Pick<HistoryLists, 'finished' | 'ranked'>,
): HistoryLists {
  const running = trials.filter(({ state }) => state === 'running');
  const waiting = trials.reduce((count, { state }) => count + (state === 'waiting' ? 1 : 0), 0);
  return { trials, finished, ranked, running, waiting };
}

/** What a history consists of. */
export interface HistoryParts extends Pick<History, 'revision' | 'tried' | 'criteria'> {
  /** Gives the lists; asked at most once, and only while they are those of the revision. */
  readonly lists: () => HistoryLists;
}

/** What a strategy knows: a study at one revision. It never changes. */
export class History {
  /** The study's revision that this is. */
  readonly revision: number;
  /** Every config tried, running or waiting. */
  readonly tried: TriedConfigs;
  readonly criteria: Criteria;
  readonly #read: () => HistoryLists;
  #lists: HistoryLists | undefined;
  #ranked: readonly TrialRecord[] | undefined;

  constructor({ revision, tried, criteria, lists }: HistoryParts) {
    this.revision = revision;
    this.tried = tried;
    this.criteria = criteria;
    this.#read = lists;
  }

  /** Every trial with a config, by number. */
  get trials(): readonly TrialRecord[] {
    return this.#all().trials;
  }

  /** Trials that are complete, pruned or failed, in the order they finished. */
  get finished(): readonly TrialRecord[] {
    return this.#all().finished;
  }

  /** Trials that a worker has in hand. */
  get running(): readonly TrialRecord[] {
    return this.#all().running;
  }

  /** How many trials have a config, and no worker yet or no longer. */
  get waiting(): number {
    return this.#all().waiting;
  }

  /** Complete trials from best to worst. */
  get ranked(): readonly TrialRecord[] {
    this.#ranked ??= this.#all().ranked ?? rankGrowing(this.finished, this.criteria);
    return this.#ranked;
  }

  /** The first so many of {@link History.ranked}; with several objectives this costs less than all of them. */
  best(count: number): readonly TrialRecord[] {
    const ranked = this.#ranked ?? this.#all().ranked;
    return ranked?.slice(0, count) ?? rankGrowing(this.finished, this.criteria, count);
  }

  #all(): HistoryLists {
    this.#lists ??= this.#read();
    return this.#lists;
  }
}
