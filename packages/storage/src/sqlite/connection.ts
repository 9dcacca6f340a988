import { setImmediate } from 'node:timers/promises';
import type { SqlRow, SqlSession, SqlValue } from '../sql/engine.ts';
import type { SqliteDatabase, SqliteStatement } from './driver.ts';
import { explaining } from './errors.ts';

/** Statements that give rows; the others have a faster way. */
const givesRows = /^(SELECT|PRAGMA)|RETURNING/u;

/** An open database whose statements are prepared once, and whose errors are ours. */
export class Connection implements SqlSession {
  readonly #path: string;
  readonly #database: SqliteDatabase;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(path: string, open: () => SqliteDatabase) {
    this.#path = path;
    this.#database = explaining(path, open);
  }

  rows(sql: string, values: readonly SqlValue[] = []): readonly SqlRow[] {
    return explaining(this.#path, () => {
      let statement = this.#statements.get(sql);
      if (statement === undefined) {
        statement = this.#database.prepare(sql);
        this.#statements.set(sql, statement);
      }
      if (givesRows.test(sql)) return statement.all(...values);
      statement.run(...values);
      return [];
    });
  }

  async all(sql: string, values?: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    return this.rows(sql, values);
  }

  exec(sql: string): void {
    explaining(this.#path, () => this.#database.exec(sql));
  }

  /**
   * Runs work in a transaction that has the database to itself from its start: one that came to it later would fail.
   * The work waits for nothing but this connection, which never makes it wait; so it is done in one turn of the event
   * loop, and what else this thread has to compute, for minutes perhaps, does not come in between.
   */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await setImmediate();
    this.exec('BEGIN IMMEDIATE');
    try {
      const result = await work();
      this.exec('COMMIT');
      return result;
    } catch (error) {
      try {
        this.#database.exec('ROLLBACK');
      } catch {
        // Some errors have rolled it back already.
      }
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  /** Moves what the log beside the file holds into the file, as far as that can be done now, and closes. */
  settle(): void {
    try {
      this.rows('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      // On a full disk, say. What was committed is in the log, where whoever opens the file next finds it.
    } finally {
      this.close();
    }
  }
}
