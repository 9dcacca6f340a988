/** A connection to SQLite by either driver, with statements prepared once and one transaction at a time. */
import { setImmediate } from 'node:timers/promises';
import type { SqlRow, SqlSession, SqlValue } from '../sql/engine.ts';
import type { SqliteDatabase, SqliteStatement } from './driver.ts';
import { explaining } from './errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of bytes, as either driver gives them; the bytes themselves where they are none. */
function textOrBytes(value: Uint8Array | ArrayBuffer): SqlValue {
  const bytes = value instanceof Uint8Array ? value : new Uint8Array(value);
  try {
    return utf8.decode(bytes);
  } catch {
    return bytes;
  }
}

/** A row with its text, which comes as bytes: see the dialect's `column`. */
function withText(row: SqlRow): SqlRow {
  const read: Record<string, SqlValue> = {};
  for (const name in row) {
    const value = row[name] ?? null;
    read[name] = typeof value === 'object' && value !== null ? textOrBytes(value) : value;
  }
  return read;
}

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
      if (givesRows.test(sql)) return statement.all(...values).map(withText);
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
