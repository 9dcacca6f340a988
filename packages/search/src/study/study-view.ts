import type { ConfigObject } from '../space/node.ts';
import type { Space } from '../space/space.ts';
import type { StoredEvent, StudyRecord } from '../storage/events.ts';
import { Projection } from '../storage/projection.ts';
import { History } from './history.ts';
import { compareSingle } from './ranking.ts';
import type { Criteria } from './ranking.ts';
import { isFinished } from './trial-record.ts';
import type { TrialRecord } from './trial-record.ts';

/** Where an item belongs in a sorted list: the first place whose item is not before it. */
function placeOf<Item>(sorted: readonly Item[], isBefore: (item: Item) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = sorted[middle];
    if (item !== undefined && isBefore(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * A study as its events tell it, kept in the orders that strategies and stop conditions ask for. Each event costs a
 * search and a copy of pointers, not a sort, so a long study stays fast.
 */
export class StudyView {
  readonly projection: Projection;
  readonly #criteria: Criteria;
  readonly #space: Space;
  readonly #trials: TrialRecord[] = [];
  readonly #finished: TrialRecord[] = [];
  readonly #ranked: TrialRecord[] = [];
  /** By config key, the revision that brought it. */
  readonly #tried = new Map<string, number>();
  #history: History | undefined;

  constructor(record: StudyRecord, space: Space, criteria: Criteria) {
    this.projection = new Projection(record);
    this.#space = space;
    this.#criteria = criteria;
  }

  /** The study at its present revision; later events do not change it. */
  get history(): History {
    const { revision } = this.projection;
    if (this.#history?.revision === revision) return this.#history;
    const tried = this.#tried;
    const { size } = tried;
    this.#history = new History({
      revision,
      trials: this.#trials.slice(),
      finished: this.#finished.slice(),
      tried: { size, has: (key) => (tried.get(key) ?? Infinity) <= revision },
      criteria: this.#criteria,
      ranked: this.#criteria.objectives.length === 1 ? this.#ranked.slice() : undefined,
    });
    return this.#history;
  }

  /** The trial of a number, if it has a config. */
  trial(number: number): TrialRecord | undefined {
    const found = this.#trials[this.#placeOfNumber(number)];
    return found?.number === number ? found : undefined;
  }

  /** Takes the next event into account. */
  apply(stored: StoredEvent): void {
    const changed = this.projection.apply(stored);
    if (changed === undefined) return;
    const place = this.#placeOfNumber(changed.number);
    const known = this.#trials[place];
    if (known?.number === changed.number) this.#replace(place, { ...changed, config: known.config });
    else this.#insert(place, { ...changed, config: this.#space.normalize(changed.config) });
  }

  #placeOfNumber(number: number): number {
    return placeOf(this.#trials, (trial) => trial.number < number);
  }

  #insert(place: number, trial: TrialRecord): void {
    this.#trials.splice(place, 0, trial);
    this.#remember(trial.config, trial.revision);
  }

  #replace(place: number, trial: TrialRecord): void {
    this.#trials[place] = trial;
    if (!isFinished(trial)) return;
    this.#finished.push(trial);
    if (trial.state !== 'complete' || this.#criteria.objectives.length !== 1) return;
    const rank = placeOf(this.#ranked, (other) => compareSingle(other, trial, this.#criteria) < 0);
    this.#ranked.splice(rank, 0, trial);
  }

  #remember(config: ConfigObject, revision: number): void {
    const key = this.#space.key(config);
    if (!this.#tried.has(key)) this.#tried.set(key, revision);
  }
}
