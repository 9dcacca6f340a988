/** The rows of trials, by which claims are given out without reading the log of a study. */
import {
  lossOf,
  objection,
  StaleClaimError,
  stateAfter,
  type AppendedEvent,
  type ConfigObject,
  type Slot,
  type StudyEvent,
} from '@espalier/search';
import { decode, encode } from '../json.ts';
import { checkSum, Damage, orDamaged, sumOf } from './checksum.ts';
import { columns, numberOf, textOf, type SqlEngine, type SqlRow, type SqlSession } from './engine.ts';

/** A study as the statements name it. */
export interface StudyKey {
  readonly name: string;
  readonly id: number;
  readonly retries: number;
}

/** What a write has to know of a trial. */
export type TrialRow = Pick<Slot, 'number' | 'state' | 'attempt' | 'losses'>;

/** A trial from now on; without an owner, nobody has it. */
interface Change extends TrialRow {
  readonly owner: string | null;
  readonly lease: number | undefined;
}

type ClaimLike = Extract<StudyEvent, { readonly type: 'claim' | 'resume' }>;

function isConfig(value: unknown): value is ConfigObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The checksum of a trial's row, but for its config and its lease. */
function sumOfTrial({ number, state, attempt, losses, owner }: Omit<Change, 'lease'>): number {
  return sumOf(number, state, attempt, losses, owner);
}

/** What is read of a row, so that it can be checked. */
const whole = ['number', 'state', 'attempt', 'losses', 'owner', 'checksum'] as const;

/** Reads and changes the rows of trials, within the transaction of a session. */
export class TrialRows {
  readonly #session: SqlSession;
  readonly #engine: SqlEngine;
  readonly #study: StudyKey;
  /** What a SELECT names to get the whole of a row, but for its config. */
  readonly #whole: string;

  constructor(session: SqlSession, engine: SqlEngine, study: StudyKey) {
    this.#session = session;
    this.#engine = engine;
    this.#study = study;
    this.#whole = columns(engine.dialect, ...whole);
  }

  /** @throws {FormatError} when the row is damaged. */
  #rowOf(row: SqlRow): TrialRow & { readonly owner: string | null } {
    return this.#reading(row, () => {
      const owner = row['owner'] === null ? null : textOf(row, 'owner');
      const found = {
        number: numberOf(row, 'number'),
        state: textOf(row, 'state') as Slot['state'],
        attempt: numberOf(row, 'attempt'),
        losses: numberOf(row, 'losses'),
        owner,
      };
      const sum = row['checksum'];
      if (sum !== null && sum !== sumOfTrial(found)) throw new Damage('its checksum does not match');
      return found;
    });
  }

  #reading<T>(row: SqlRow, read: () => T): T {
    const number = row['number'];
    const trial = typeof number === 'number' ? `trial ${number}` : 'a trial';
    return orDamaged(this.#engine.shown, `study '${this.#study.name}', ${trial}`, read);
  }

  /** Adds trials, waiting with a config or claimed without one. */
  async insert(number: number, attempt: number, config: unknown, lease?: number): Promise<void> {
    const claimed = attempt > 0;
    const state = claimed ? 'running' : 'waiting';
    const owner = claimed ? this.#engine.owner : null;
    const text = config === undefined ? null : encode(config);
    await this.#session.all(
      `INSERT INTO espalier_trial (study, number, state, attempt, losses, lease_until, owner, config, checksum,
        config_checksum) VALUES (?, ?, ?, ?, 0, ${this.#engine.dialect.now} + ?, ?, ?, ?, ?)`,
      [
        this.#study.id,
        number,
        state,
        attempt,
        lease ?? null,
        owner,
        text,
        sumOfTrial({ number, state, attempt, losses: 0, owner }),
        text === null ? null : sumOf(number, text),
      ],
    );
  }

  /** The waiting trial of the lowest number. */
  async firstWaiting(): Promise<(TrialRow & { readonly config: ConfigObject | undefined }) | undefined> {
    const { dialect } = this.#engine;
    const read = `${this.#whole}, ${columns(dialect, 'config', 'config_checksum')}`;
    const [row] = await this.#session.all(
      `SELECT ${read} FROM espalier_trial${dialect.indexedBy('espalier_waiting')}
        WHERE study = ? AND state = 'waiting' ORDER BY espalier_trial.number LIMIT 1${dialect.lock.skip}`,
      [this.#study.id],
    );
    if (row === undefined) return undefined;
    const found = this.#rowOf(row);
    if (row['config'] === null) return { ...found, config: undefined };
    return this.#reading(row, () => {
      const text = textOf(row, 'config');
      checkSum(row, 'config_checksum', found.number, text);
      const config = decode(text);
      if (!isConfig(config)) throw new Damage('its config is no object');
      return { ...found, config };
    });
  }

  /** Has a worker claim a trial. */
  claim(row: TrialRow, { attempt, lease }: Pick<ClaimLike, 'attempt' | 'lease'>): Promise<void> {
    return this.#change({ ...row, state: 'running', attempt, lease, owner: this.#engine.owner });
  }

  /** Takes the trials whose lease has run out from their workers, and gives the events that say so. */
  async takeExpired(at: number): Promise<readonly StudyEvent[]> {
    const { now } = this.#engine.dialect;
    return this.#lose(await this.#running(`lease_until <= ${now}`, []), at);
  }

  /** Takes the trials without a lease from workers whose process has gone, and gives the events that say so. */
  async takeAbandoned(at: number): Promise<readonly StudyEvent[]> {
    const rows = await this.#running('lease_until IS NULL AND owner <> ?', [this.#engine.owner]);
    const gone = new Map<string, boolean>();
    for (const { owner } of rows) {
      if (owner !== null && !gone.has(owner)) gone.set(owner, await this.#engine.isGone(this.#session, owner));
    }
    const abandoned = rows.filter(({ owner }) => gone.get(owner ?? ''));
    return this.#lose(abandoned, at, 'its process ended');
  }

  /** Gives up all that this engine has claimed, and gives the events that say so. */
  async giveUp(reason: string, at: number): Promise<readonly StudyEvent[]> {
    const rows = await this.#running('owner = ?', [this.#engine.owner]);
    const events = rows.map(({ number, attempt }) => ({ type: 'release', number, attempt, at, reason }) as const);
    await this.append(events);
    return events;
  }

  /** Lets a claim hold longer; false when it is not in force. */
  async renew(number: number, attempt: number, lease: number): Promise<boolean> {
    const rows = await this.#session.all(
      `UPDATE espalier_trial SET lease_until = ${this.#engine.dialect.now} + ?
        WHERE study = ? AND number = ? AND attempt = ? AND state = 'running' RETURNING number`,
      [lease, this.#study.id, number, attempt],
    );
    return rows.length > 0;
  }

  /**
   * Checks that events may be appended and does what they say.
   * @throws {StaleClaimError} when one is not of the attempt that has its trial.
   */
  async append(events: readonly AppendedEvent[]): Promise<void> {
    const rows = await this.#lock(events.flatMap((event) => (event.type === 'amend' ? [] : event.number)));
    for (const event of events) {
      if (event.type === 'amend') continue;
      const { number, attempt } = event;
      const row = rows.get(number);
      const found = objection(event, row);
      if (row === undefined || found !== undefined) {
        throw new StaleClaimError(this.#study.name, number, attempt, found ?? 'there is no such trial');
      }
      const state = stateAfter(event);
      if (state !== undefined) {
        const losses = row.losses + (event.type === 'release' && event.lost === true ? 1 : 0);
        const after = { number, state, attempt, losses };
        rows.set(number, after);
        if (event.type === 'resume') await this.claim(after, event);
        else await this.#change({ ...after, owner: null, lease: undefined });
      } else if (event.type === 'start') await this.#configure(number, encode(event.config));
    }
  }

  /** The rows of trials, kept from others; in one order, so that no two wait for each other. */
  async #lock(numbers: readonly number[]): Promise<Map<number, TrialRow>> {
    const rows = new Map<number, TrialRow>();
    for (const number of [...new Set(numbers)].toSorted((a, b) => a - b)) {
      const [row] = await this.#session.all(
        `SELECT ${this.#whole} FROM espalier_trial
          WHERE study = ? AND number = ?${this.#engine.dialect.lock.wait}`,
        [this.#study.id, number],
      );
      if (row !== undefined) rows.set(number, this.#rowOf(row));
    }
    return rows;
  }

  async #running(
    condition: string,
    values: readonly (string | number)[],
  ): Promise<readonly (TrialRow & { readonly owner: string | null })[]> {
    const { indexedBy, lock } = this.#engine.dialect;
    const rows = await this.#session.all(
      `SELECT ${this.#whole} FROM espalier_trial${indexedBy('espalier_running')}
        WHERE study = ? AND state = 'running' AND ${condition} ORDER BY espalier_trial.number${lock.skip}`,
      [this.#study.id, ...values],
    );
    return rows.map((row) => this.#rowOf(row));
  }

  async #lose(rows: readonly TrialRow[], at: number, reason?: string): Promise<readonly StudyEvent[]> {
    const events = rows.map((row) => lossOf(row, this.#study.retries, at, reason));
    await this.append(events);
    return events;
  }

  async #change({ number, state, attempt, losses, lease, owner }: Change): Promise<void> {
    await this.#session.all(
      `UPDATE espalier_trial SET state = ?, attempt = ?, losses = ?, lease_until = ${this.#engine.dialect.now} + ?,
        owner = ?, checksum = ? WHERE study = ? AND number = ?`,
      [
        state,
        attempt,
        losses,
        lease ?? null,
        owner,
        sumOfTrial({ number, state, attempt, losses, owner }),
        this.#study.id,
        number,
      ],
    );
  }

  async #configure(number: number, config: string): Promise<void> {
    await this.#session.all(
      'UPDATE espalier_trial SET config = ?, config_checksum = ? WHERE study = ? AND number = ?',
      [config, sumOf(number, config), this.#study.id, number],
    );
  }
}
