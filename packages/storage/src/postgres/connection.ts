/**
 * A connection to PostgreSQL that outlives restarts of the server: what a broken connection left undone is done again,
 * and nothing twice.
 */
import { setTimeout } from 'node:timers/promises';
import { FormatError, StorageError } from '@espalier/search';
import type { SqlRow, SqlSession, SqlValue } from '../sql/engine.ts';

/** What is used of a client of `pg`. */
export interface PostgresClient {
  connect(): Promise<unknown>;
  query(query: {
    readonly name: string;
    readonly text: string;
    readonly values: unknown[];
  }): Promise<{ rows: SqlRow[] }>;
  on(event: 'error' | 'end', listener: () => void): unknown;
  end(): Promise<void>;
}

/** Milliseconds for which a server that is not there is awaited: long enough for it to restart. */
const patience = 60_000;

/** Milliseconds that a connection may take to end. */
const farewell = 5000;

/** What the server says when a limit of its own has ended a statement, and which limit that is. */
const timeouts: Readonly<Record<string, string>> = {
  '55P03': 'another transaction held what it needed for longer than lock_timeout allows',
  '57014': 'it took longer than statement_timeout allows, or somebody cancelled it',
};

/** How the driver says that the server asks for a password, and that it was given none. */
const lacksPassword = /password must be a (?:non-empty )?string/u;

/** An error of the driver, so that it is not taken for one of the work. */
class QueryFailure extends Error {
  readonly reason: unknown;
  /** Whether the connection is no longer of use: what it had sent may or may not have been done. */
  readonly breaks: boolean;
  /** Whether doing it again can help. */
  readonly passes: boolean;

  constructor(reason: unknown) {
    super(reason instanceof Error ? reason.message : String(reason));
    this.reason = reason;
    const state = sqlState(reason);
    // Without a state it is not the server that speaks: the connection broke, or has no password to give. 08 is about connections, 57P about the
    // server going down or starting, 25P03 ends a transaction that lay idle, 53300 asks to come back later.
    this.breaks = state === undefined || /^(?:08|57P|25P03|53300)/u.test(state);
    // Transactions that met each other, or one that waited too long for another.
    this.passes =
      (this.breaks && !lacksPassword.test(this.message)) ||
      ['40001', '40P01', ...Object.keys(timeouts)].includes(state ?? '');
  }
}

function sqlState(error: unknown): string | undefined {
  return error instanceof Error && 'severity' in error && 'code' in error ? String(error.code) : undefined;
}

/** A connection to a server that is made anew when it breaks. */
export class Connection implements SqlSession {
  readonly #open: () => PostgresClient;
  readonly #shown: string;
  /** The number of the session that shows others that this process is alive. */
  readonly #owner: number | undefined;
  readonly #names = new Map<string, { readonly name: string; readonly text: string }>();
  #client: PostgresClient | undefined;
  #isShown = false;

  /** @param shown the URL as errors may show it */
  constructor(open: () => PostgresClient, shown: string, owner?: number) {
    this.#open = open;
    this.#shown = shown;
    this.#owner = owner;
  }

  async all(sql: string, values: readonly SqlValue[] = []): Promise<readonly SqlRow[]> {
    let query = this.#names.get(sql);
    if (query === undefined) {
      let count = 0;
      query = { name: `espalier-${this.#names.size}`, text: sql.replaceAll('?', () => `$${(count += 1)}`) };
      this.#names.set(sql, query);
    }
    const client = this.#client;
    try {
      if (client === undefined) throw new Error('the connection was closed');
      return (await client.query({ ...query, values: [...values] })).rows;
    } catch (error) {
      throw new QueryFailure(error);
    }
  }

  /** Does work in a transaction. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.all('BEGIN');
    try {
      const result = await work();
      await this.all('COMMIT');
      return result;
    } catch (error) {
      if (!(error instanceof QueryFailure && error.breaks)) await this.all('ROLLBACK');
      throw error;
    }
  }

  /**
   * Does work on a connection: again when that breaks, as when the server restarts, and when transactions met.
   * @param wait milliseconds for which to go on trying
   * @throws {StorageError} when the server cannot be reached in that time, or refuses.
   */
  async persist<T>(work: () => Promise<T>, wait: number = patience): Promise<T> {
    const until = performance.now() + wait;
    for (let pause = 20; ; pause = Math.min(pause * 2, 1000)) {
      try {
        await this.#connect();
        return await work();
      } catch (error) {
        if (!(error instanceof QueryFailure)) throw error;
        if (error.breaks) this.#drop();
        if (!error.passes || performance.now() >= until) throw this.#explain(error);
      }
      // Not all at once: others wait for the same server.
      await setTimeout(pause * (0.5 + Math.random()));
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    // A server that does not answer does not say goodbye either.
    await Promise.race([client?.end().catch(() => undefined), setTimeout(farewell, undefined, { ref: false })]);
  }

  async #connect(): Promise<void> {
    if (this.#client === undefined) {
      const client = this.#open();
      const drop = (): void => {
        if (this.#client === client) this.#client = undefined;
      };
      client.on('error', drop);
      client.on('end', drop);
      try {
        await client.connect();
      } catch (error) {
        void client.end().catch(() => undefined);
        throw new QueryFailure(error);
      }
      this.#client = client;
      this.#isShown = false;
    }
    if (this.#owner === undefined || this.#isShown) return;
    // Held as long as the connection is. A broken one may still hold it for a while; then the next call tries again.
    const [row] = await this.all('SELECT pg_try_advisory_lock(?) AS done', [this.#owner]);
    this.#isShown = Boolean(row?.['done']);
  }

  #drop(): void {
    void this.close();
  }

  #explain({ reason, message }: QueryFailure): Error {
    const state = sqlState(reason);
    const limit = state === undefined ? undefined : timeouts[state];
    const problem = (text: string): StorageError => new StorageError(this.#shown, text, { cause: reason });
    if (limit !== undefined) {
      return problem(`${message}: ${limit}: raise that limit for this user or database, or find who holds its rows`);
    }
    if (reason instanceof Error && reason.message === 'Query read timeout') {
      return problem(
        'the server took a query and never answered it: check that it is not overloaded, nor the way to it cut',
      );
    }
    if (lacksPassword.test(message)) {
      return problem(
        'the server asks for a password, and there is none: give it in the URL, by PGPASSWORD, or in ~/.pgpass',
      );
    }
    if (state === undefined || state.startsWith('57P') || state.startsWith('08')) {
      return problem(`the server cannot be reached (${message}): check that it runs, and the host and port of the URL`);
    }
    if (state.startsWith('28')) return problem(`${message}: check the user and password of the URL`);
    if (state === '3D000') return problem(`${message}: create it, such as by createdb, or name another in the URL`);
    if (state === '42501') return problem(`${message}: grant the user the right, or have its owner open the storage`);
    if (state === '53100') return problem(`${message}: free space on the server and resume; what it held is safe`);
    if (state === '53300') return problem(`${message}: raise the server's max_connections, or run fewer workers`);
    if (state === '25006') {
      return problem(`${message}: the server only reads, as a standby does: name the one that writes in the URL`);
    }
    if (state === '42P01' || state === '42703') {
      return new FormatError(this.#shown, 0, `the database has lost a table (${message}): restore it from a copy`);
    }
    if (state.startsWith('XX')) {
      return new FormatError(this.#shown, 0, `the database is damaged (${message}): restore it from a copy`);
    }
    return problem(`${message} (SQLSTATE ${state}): this is unexpected: report it with the message`);
  }
}
