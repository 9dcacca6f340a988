import { FormatError, oneAtATime, StorageError } from '@espalier/search';
import type { Storage } from '@espalier/search';
import { randomUUID } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isGone, ownIdentity } from '../process-identity.ts';
import type { ProcessIdentity } from '../process-identity.ts';
import type { SqlDialect, SqlEngine, SqlRow, SqlSession, SqlValue } from '../sql/engine.ts';
import { numberOf } from '../sql/engine.ts';
import { migrate, migrations, versionProblem } from '../sql/schema.ts';
import type { Migration } from '../sql/schema.ts';
import { sqlStorage } from '../sql/sql-storage.ts';
import { findSqlite } from './driver.ts';
import type { OpenSqlite, SqliteDatabase, SqliteStatement } from './driver.ts';
import { explain } from './errors.ts';
import { networkFileSystem } from './network-file-system.ts';
import type { ProbeFileSystem } from './network-file-system.ts';

/** How an SQLite database is opened. */
export interface SqliteOptions {
  /**
   * `results` (the default) leaves to the system when to force what is written to the disk: a killed process loses
   * nothing, a power cut can lose the last writes. `always` forces every write.
   */
  readonly sync?: 'results' | 'always';
}

/** What tests put in place of the machine they run on. */
export interface SqliteSurroundings {
  readonly open?: OpenSqlite;
  readonly probe?: ProbeFileSystem;
  readonly migrations?: readonly Migration[];
}

/** Milliseconds that a write waits for those of other processes. */
const patience = 30_000;

/** How many pages of 4 KiB the log beside the file grows to: every checkpoint waits for the disk. */
const pagesPerCheckpoint = 8000;

/** Marks a database as ours: `Espl` in ASCII. */
const applicationId = 0x4573706c;

const dialect: SqlDialect = {
  identity: 'INTEGER PRIMARY KEY',
  integer: 'INTEGER',
  table: 'WITHOUT ROWID',
  now: "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
  indexedBy: (index) => ` INDEXED BY ${index}`,
  // A transaction that writes has the whole database to itself.
  lock: { wait: '', skip: '' },
};

/** Statements that give rows; the others have a faster way. */
const givesRows = /^(SELECT|PRAGMA)|RETURNING/u;

/** An open database whose statements are prepared once, and whose errors are ours. */
class Connection implements SqlSession {
  readonly #path: string;
  readonly #database: SqliteDatabase;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(path: string, open: OpenSqlite) {
    this.#path = path;
    this.#database = this.#guard(() => open(path));
  }

  rows(sql: string, values: readonly SqlValue[] = []): readonly SqlRow[] {
    return this.#guard(() => {
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
    this.#guard(() => this.#database.exec(sql));
  }

  /** Runs work in a transaction that has the database to itself from its start: one that came to it later would fail. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
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

  /** Moves what the log beside the file holds into the file, as far as nobody is in the way, and closes. */
  settle(): void {
    try {
      this.rows('PRAGMA wal_checkpoint(PASSIVE)');
    } finally {
      this.close();
    }
  }

  #guard<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw explain(this.#path, error);
    }
  }
}

/**
 * The queues of the files that this thread has had open. SQLite makes a connection wait for another without returning
 * to JavaScript, so one of the same thread would wait for ever.
 */
const queues = new Map<string, ReturnType<typeof oneAtATime>>();

function queueOf(file: string): ReturnType<typeof oneAtATime> {
  const queue = queues.get(file) ?? oneAtATime();
  queues.set(file, queue);
  return queue;
}

/** Makes sure that a database is one of ours, in the schema of this release. */
async function prepare(connection: Connection, path: string, wanted: readonly Migration[]): Promise<void> {
  const pragma = (name: string): number => numberOf(connection.rows(`PRAGMA ${name}`)[0], name);
  const isCurrent = (): boolean =>
    pragma('application_id') === applicationId && pragma('user_version') === wanted.length;
  if (isCurrent()) return;
  await connection.transaction(async () => {
    if (isCurrent()) return;
    const tables = connection.rows('SELECT count(*) AS tables FROM sqlite_master')[0];
    if (pragma('application_id') !== applicationId && numberOf(tables, 'tables') > 0) {
      throw new FormatError(path, 0, 'this database holds something else than studies: name another file');
    }
    const version = pragma('user_version');
    const problem = versionProblem(version, wanted);
    if (problem !== undefined) throw new FormatError(path, 0, problem);
    await migrate(connection, dialect, version, wanted);
    connection.exec(`PRAGMA application_id = ${applicationId}`);
    connection.exec(`PRAGMA user_version = ${wanted.length}`);
  });
}

/** Opens the file, many processes doing so at once being no error. */
async function connect(
  path: string,
  sync: NonNullable<SqliteOptions['sync']>,
  open: OpenSqlite,
  wanted: readonly Migration[],
): Promise<Connection> {
  const connection = new Connection(path, open);
  try {
    connection.rows(`PRAGMA busy_timeout = ${patience}`);
    connection.rows(`PRAGMA wal_autocheckpoint = ${pagesPerCheckpoint}`);
    const [mode] = connection.rows('PRAGMA journal_mode = WAL');
    if (mode?.['journal_mode'] !== 'wal') {
      throw new StorageError(`sqlite:${path}`, 'its file system cannot share memory: put the file on a local disk');
    }
    connection.exec(`PRAGMA synchronous = ${sync === 'always' ? 'FULL' : 'NORMAL'}`);
    await prepare(connection, path, wanted);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/**
 * Opens an SQLite database, and creates it if need be. Any number of processes of one machine may have it open. Needs
 * Node 22.13 or newer, or the package `libsql`.
 * @throws StorageError when there is no SQLite, or the file cannot be used or lies on a network file system.
 * @throws FormatError when the file is damaged, or no database of this package, or one of a newer release.
 */
export function sqliteStorage(path: string, options: SqliteOptions = {}): Promise<Storage> {
  return openSqlite(path, options, {});
}

/** As {@link sqliteStorage}, in surroundings that may differ from this machine's. */
export async function openSqlite(
  path: string,
  { sync = 'results' }: SqliteOptions,
  surroundings: SqliteSurroundings,
): Promise<Storage> {
  const url = `sqlite:${path}`;
  const folder = dirname(resolve(path));
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw new StorageError(url, `the folder ${folder} cannot be made: name another`, { cause });
  }
  const network = networkFileSystem(folder, surroundings.probe);
  if (network !== undefined) {
    throw new StorageError(
      url,
      `it lies on a network file system (${network}), where SQLite's locks do not hold: put the file on a local disk, ` +
        'or let several machines share a postgres:// database',
    );
  }
  const open = surroundings.open ?? (await findSqlite(url));
  const inTurn = queueOf(join(realpathSync(folder), basename(path)));
  const connection = await inTurn(() => connect(path, sync, open, surroundings.migrations ?? migrations));
  let closed = false;
  const checkOpen = (): void => {
    if (closed) throw new StorageError(url, 'it was closed: open it again');
  };
  const engine: SqlEngine = {
    url,
    shown: url,
    dialect,
    owner: JSON.stringify({ ...ownIdentity(), id: randomUUID() }),
    isGone: async (_, owner) => isGone(JSON.parse(owner) as ProcessIdentity),
    write: (work) =>
      inTurn(async () => {
        checkOpen();
        return connection.transaction(() => work(connection));
      }),
    read: (work) =>
      inTurn(async () => {
        checkOpen();
        return work(connection);
      }),
    close: () =>
      inTurn(async () => {
        closed = true;
        connection.settle();
      }),
  };
  return sqlStorage(engine);
}
