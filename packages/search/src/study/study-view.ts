/** The live state of a study in the orders that are asked for, brought up to date event by event. */
import { ValueError } from '../errors.ts';
import type { ConfigObject } from '../space/node.ts';
import type { Space } from '../space/space.ts';
import type { StoredEvent, StudyRecord } from '../storage/events.ts';
import { placeOf } from '../place-of.ts';
import { Projection } from '../storage/projection.ts';
import { History, type HistoryLists } from './history.ts';
import { compareSingle, type Criteria } from './ranking.ts';
import { isFinished, type TrialRecord } from './trial-record.ts';

/** A list that is copied when it changes after it was handed out, and only then. */
class SharedList<Item> {
  #items: Item[] = [];
  #shared = false;

  /** The items as they are now; later changes do not show in them. */
  share(): readonly Item[] {
    this.#shared = true;
    return this.#items;
  }

  /** The items, to be read at once. */
  get items(): readonly Item[] {
    return this.#items;
  }

  /** Other items from now on. */
  replace(items: Item[]): void {
    this.#items = items;
    this.#shared = false;
  }

  /** The items, to be changed at once. */
  change(): Item[] {
    if (this.#shared) this.#items = this.#items.slice();
    this.#shared = false;
    return this.#items;
  }
}

/** Up to so many trials are put in their places one by one. */
const fewUnranked = 100;

/**
 * A study as its events tell it, kept in the orders that strategies and stop conditions ask for. Each event costs a
 * search and at most a copy of pointers, not a sort, so a long study stays fast.
 */
export class StudyView {
  readonly projection: Projection;
  readonly #criteria: Criteria;
  readonly #space: Space;
  readonly #trials = new SharedList<TrialRecord>();
  readonly #finished = new SharedList<TrialRecord>();
  readonly #ranked = new SharedList<TrialRecord>();
  /** Complete, and not in their places yet: not every strategy asks for a ranking, and a sort ranks many at once. */
  #unranked: TrialRecord[] = [];
  /** Few at any time: made anew at each change. */
  #running: readonly TrialRecord[] = [];
  #waiting = 0;
  /** By config key, the revision that brought it. */
  readonly #tried = new Map<string, number>();
  #history: History | undefined;
  #passing: History | undefined;

  /** @param source what errors call the place that the events come from */
  constructor(record: StudyRecord, space: Space, criteria: Criteria, source?: string) {
    this.projection = new Projection(record, (config) => space.normalize(config), source);
    this.#space = space;
    this.#criteria = criteria;
  }

  /** The study at its present revision; later events do not change it. */
  get history(): History {
    if (this.#history?.revision === this.projection.revision) return this.#history;
    const lists = this.#lists((list) => list.share());
    this.#history = this.#historyOf(() => lists);
    return this.#history;
  }

  /**
   * The study at its present revision, for use before the next event: what is not asked of it costs nothing.
   * Reading it later is an error in whoever kept it.
   */
  get passing(): History {
    const { revision } = this.projection;
    if (this.#passing?.revision === revision) return this.#passing;
    this.#passing = this.#historyOf(() => {
      if (this.projection.revision === revision) return this.#lists((list) => list.items);
      throw new ValueError(`the history of revision ${revision} was kept: read it within the call that got it`);
    });
    return this.#passing;
  }

  /** The trial of a number, if it has a config. */
  trial(number: number): TrialRecord | undefined {
    const found = this.#trials.items[this.#placeOfNumber(number)];
    return found?.number === number ? found : undefined;
  }

  /** Takes the next event into account. */
  apply(stored: StoredEvent): void {
    const changed = this.projection.apply(stored);
    if (changed === undefined) return;
    const place = this.#placeOfNumber(changed.number);
    const present = this.#trials.items[place];
    const before = present?.number === changed.number ? present : undefined;
    this.#count(before, changed);
    if (before === undefined) this.#insert(place, changed);
    else this.#replace(place, changed);
  }

  /** The complete trials, best first. */
  #rank(): SharedList<TrialRecord> {
    const compare = (a: TrialRecord, b: TrialRecord): number => compareSingle(a, b, this.#criteria);
    if (this.#unranked.length > fewUnranked) {
      this.#ranked.replace([...this.#ranked.items, ...this.#unranked].toSorted(compare));
    } else {
      for (const trial of this.#unranked) {
        const rank = placeOf(this.#ranked.items, (other) => compare(other, trial) < 0);
        this.#ranked.change().splice(rank, 0, trial);
      }
    }
    this.#unranked = [];
    return this.#ranked;
  }

  #lists(take: (list: SharedList<TrialRecord>) => readonly TrialRecord[]): HistoryLists {
    const single = this.#criteria.objectives.length === 1;
    return {
      trials: take(this.#trials),
      finished: take(this.#finished),
      ranked: single ? take(this.#rank()) : undefined,
      running: this.#running,
      waiting: this.#waiting,
    };
  }

  #historyOf(lists: () => HistoryLists): History {
    const { revision } = this.projection;
    const tried = this.#tried;
    return new History({
      revision,
      tried: { size: tried.size, has: (key) => (tried.get(key) ?? Infinity) <= revision },
      criteria: this.#criteria,
      lists,
    });
  }

  #placeOfNumber(number: number): number {
    return placeOf(this.#trials.items, (trial) => trial.number < number);
  }

  #count(before: TrialRecord | undefined, trial: TrialRecord): void {
    if (before?.state === 'waiting') this.#waiting -= 1;
    if (trial.state === 'waiting') this.#waiting += 1;
    if (before?.state === 'running') this.#running = this.#running.filter((other) => other !== before);
    if (trial.state === 'running') this.#running = [...this.#running, trial];
  }

  #insert(place: number, trial: TrialRecord): void {
    this.#trials.change().splice(place, 0, trial);
    this.#remember(trial.config, trial.revision);
  }

  #replace(place: number, trial: TrialRecord): void {
    this.#trials.change()[place] = trial;
    if (!isFinished(trial)) return;
    this.#finished.change().push(trial);
    if (trial.state !== 'complete' || this.#criteria.objectives.length !== 1) return;
    this.#unranked.push(trial);
  }

  #remember(config: ConfigObject, revision: number): void {
    const key = this.#space.key(config);
    if (!this.#tried.has(key)) this.#tried.set(key, revision);
  }
}
