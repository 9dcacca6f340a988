/** Opens an SQLite file, to write or only to look at, by many processes at once and where little is allowed. */
import { realpathSync, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { FormatError, StorageError } from '@espalier/search';
import { numberOf, type SqlDialect } from '../sql/engine.ts';
import { migrate, versionProblem, type Migration } from '../sql/schema.ts';
import { Connection } from './connection.ts';
import type { OpenSqlite } from './driver.ts';
import { isHeld, refusesWriting } from './errors.ts';

/** Milliseconds that a write waits for those of other processes. */
const patience = 30_000;

/** How many pages of 4 KiB the log beside the file grows to: every checkpoint waits for the disk. */
const pagesPerCheckpoint = 8000;

/** Marks a database as ours: `Espl` in ASCII. */
const applicationId = 0x4573706c;

/** How SQLite writes what all databases do. */
export const dialect: SqlDialect = {
  identity: 'INTEGER PRIMARY KEY',
  // The driver for Node 20 ends the process at text that is no UTF-8: it is to get bytes.
  column: (name) => `CASE typeof(${name}) WHEN 'text' THEN CAST(${name} AS BLOB) ELSE ${name} END`,
  integer: 'INTEGER',
  table: 'WITHOUT ROWID',
  now: "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
  indexedBy: (index) => ` INDEXED BY ${index}`,
  // A transaction that writes has the whole database to itself.
  lock: { wait: '', skip: '' },
};

/** A file, and what it is opened with. */
export interface SqliteFile {
  readonly path: string;
  readonly open: OpenSqlite;
  /** The schema it should have. */
  readonly wanted: readonly Migration[];
}

/** In one statement, since another process may be making the schema meanwhile. */
const whatItIs = `SELECT application_id AS owner, user_version AS version,
  (SELECT count(*) FROM sqlite_master) AS tables FROM pragma_application_id, pragma_user_version`;

/**
 * The version of the schema of a database; 0 when there is nothing in it.
 * @throws {FormatError} when it is not one of ours, or of a newer release.
 */
function versionOf(connection: Connection, { path, wanted }: SqliteFile): number {
  const [row] = connection.rows(whatItIs);
  if (numberOf(row, 'owner') !== applicationId) {
    if (numberOf(row, 'tables') === 0) return 0;
    throw new FormatError(path, 0, 'this database holds something else than studies: name another file');
  }
  const version = numberOf(row, 'version');
  const problem = versionProblem(version, wanted);
  if (problem !== undefined) throw new FormatError(path, 0, problem);
  return version;
}

/** Has the database keep a log beside the file: what several do to a new one at once, SQLite refuses some of them. */
async function useLog(connection: Connection, path: string): Promise<void> {
  for (const until = performance.now() + patience; ;) {
    try {
      const [mode] = connection.rows('PRAGMA journal_mode = WAL');
      if (mode?.['journal_mode'] === 'wal') return;
      throw new StorageError(`sqlite:${path}`, 'its file system cannot share memory: put the file on a local disk');
    } catch (error) {
      if (!isHeld(error) || performance.now() >= until) throw error;
    }
    await setTimeout(5 + Math.random() * 20);
  }
}

/** Closes a connection that is not as it should be. */
async function checked(connection: Connection, check: () => Promise<void>): Promise<Connection> {
  try {
    await check();
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/**
 * Opens a file to read and write, and gives it the schema of this release; many processes may do so at once.
 * @param synchronous when SQLite forces what is written to the disk
 * @throws {StorageError} when it cannot be opened or used.
 * @throws {FormatError} when it is damaged, or no database of this package, or one of another release.
 */
export function connect(file: SqliteFile, synchronous: 'FULL' | 'NORMAL'): Promise<Connection> {
  const { path, open, wanted } = file;
  const connection = new Connection(path, () => open(path));
  return checked(connection, async () => {
    connection.rows(`PRAGMA busy_timeout = ${patience}`);
    connection.rows(`PRAGMA wal_autocheckpoint = ${pagesPerCheckpoint}`);
    await useLog(connection, path);
    connection.exec(`PRAGMA synchronous = ${synchronous}`);
    if (versionOf(connection, file) === wanted.length) return;
    await connection.transaction(async () => {
      // Another process may have been first.
      const version = versionOf(connection, file);
      if (version === wanted.length) return;
      await migrate(connection, dialect, version, wanted);
      connection.exec(`PRAGMA application_id = ${applicationId}`);
      connection.exec(`PRAGMA user_version = ${wanted.length}`);
    });
  });
}

async function connectToRead(file: SqliteFile, how?: 'frozen'): Promise<Connection> {
  const { path, open, wanted } = file;
  const connection = new Connection(path, () => open(path, how));
  return checked(connection, async () => {
    connection.rows(`PRAGMA busy_timeout = ${patience}`);
    const version = versionOf(connection, file);
    if (version === wanted.length) return;
    const problem = version === 0 ? 'it holds no studies' : `its schema has version ${version}, which is older`;
    throw new FormatError(path, 0, `${problem}: open it once to write, without ?mode=ro, or name another file`);
  });
}

/**
 * Opens a file to read it, which nothing is written for where that is refused: in a folder that may not be written, or
 * on a full disk.
 * @throws {StorageError} when it cannot be opened or used.
 * @throws {FormatError} when it is damaged, or no database of this package, or one of another release.
 */
export async function connectAsReader(file: SqliteFile): Promise<Connection> {
  try {
    return await connectToRead(file);
  } catch (error) {
    // Nobody else has it open, or there would be memory shared beside it; but the last writes may be in its log.
    if (!refusesWriting(error)) throw error;
    const log = statSync(`${realpathSync(file.path)}-wal`, { throwIfNoEntry: false });
    if (log !== undefined && log.size > 0) throw error;
    // One that cannot be had either tells less of why.
    return connectToRead(file, 'frozen').catch((again: unknown) => {
      throw again instanceof FormatError ? again : error;
    });
  }
}
