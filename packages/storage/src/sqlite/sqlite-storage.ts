/** Studies in an SQLite file, for any number of processes of one machine. */
import { randomUUID } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { oneAtATime, StorageError, type Storage } from '@espalier/search';
import { isGone, ownIdentity, type ProcessIdentity } from '../process-identity.ts';
import type { SqlEngine } from '../sql/engine.ts';
import { migrations, type Migration } from '../sql/schema.ts';
import { sqlStorage } from '../sql/sql-storage.ts';
import { connect, connectAsReader, dialect, type SqliteFile } from './connect.ts';
import type { Connection } from './connection.ts';
import { makeFolder } from '../make-folder.ts';
import { findSqlite, type OpenSqlite } from './driver.ts';
import { isReadable, isWritable, refusesWriting } from './errors.ts';
import { networkFileSystem, type ProbeFileSystem } from './network-file-system.ts';

/** How an SQLite database is opened. */
export interface SqliteOptions {
  /**
   * `results` (the default) leaves to the system when to force what is written to the disk: a killed process loses
   * nothing, a power cut can lose the last writes. `always` forces every write.
   */
  readonly sync?: 'results' | 'always';
  /** Only reads, as the URL `sqlite:path?mode=ro` does. Default false. */
  readonly readOnly?: boolean;
}

/** What tests put in place of the machine they run on. */
export interface SqliteSurroundings {
  readonly open?: OpenSqlite;
  readonly probe?: ProbeFileSystem;
  readonly migrations?: readonly Migration[];
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

/**
 * Opens an SQLite database, and creates it if need be. Any number of processes of one machine may have it open. One
 * that may not be written here, or not now, as on a full disk, is opened all the same if it can be read: only writes
 * fail then. Needs Node 22.13 or newer, or the package `libsql`.
 * @throws {StorageError} when there is no SQLite, or the file cannot be used or lies on a network file system.
 * @throws {FormatError} when the file is damaged, or no database of this package, or one of a newer release.
 */
export function sqliteStorage(path: string, options: SqliteOptions = {}): Promise<Storage> {
  return openSqlite(path, options, {});
}

/**
 * Makes sure that the file can be in its folder, and gives its real path.
 * @throws {StorageError} when it cannot.
 */
function placeOf(path: string, url: string, readOnly: boolean, probe: ProbeFileSystem | undefined): string {
  const folder = dirname(resolve(path));
  if (readOnly && !existsSync(path))
    throw new StorageError(url, 'there is no such file: check the path', { code: 'storage-missing' });
  try {
    makeFolder(folder);
  } catch (cause) {
    throw new StorageError(url, `the folder ${folder} cannot be made: name another`, { cause });
  }
  const place = existsSync(path) ? realpathSync(path) : join(realpathSync(folder), basename(path));
  const network = networkFileSystem(dirname(place), probe);
  if (network !== undefined) {
    throw new StorageError(
      url,
      `it lies on a network file system (${network}), where SQLite's locks do not hold: put the file on a local disk, ` +
        'or let several machines share a postgres:// database',
    );
  }
  return place;
}

type Access = Pick<SqlEngine, 'read' | 'write' | 'close'>;

/** Reads and writes on one connection. */
function writing(connection: Connection): Access {
  return {
    write: (work) => connection.transaction(() => work(connection)),
    read: (work) => work(connection),
    close: async () => connection.settle(),
  };
}

/** Opens the file for each look, so that it sees what became of it meanwhile, and refuses to write. */
async function reading(file: SqliteFile, refusal: Error): Promise<Access> {
  const read: Access['read'] = async (work) => {
    const connection = await connectAsReader(file);
    try {
      return await work(connection);
    } finally {
      connection.close();
    }
  };
  const write = async (): Promise<never> => {
    throw refusal;
  };
  await read(async () => undefined);
  return { write, read, close: async () => undefined };
}

/** Opens the file to write, or to read when it cannot be written. */
async function access(file: SqliteFile, url: string, { sync, readOnly }: SqliteOptions): Promise<Access> {
  if (readOnly === true) {
    return reading(
      file,
      new StorageError(url, 'it was opened to read only: open it without ?mode=ro to write', {
        code: 'storage-read-only',
      }),
    );
  }
  try {
    return writing(await connect(file, sync === 'always' ? 'FULL' : 'NORMAL'));
  } catch (error) {
    const { path } = file;
    if (!(error instanceof StorageError) || !isReadable(path)) throw error;
    if (!refusesWriting(error) && isWritable(path)) throw error;
    return reading(file, error).catch(() => {
      throw error;
    });
  }
}

/** As {@link sqliteStorage}, in surroundings that may differ from this machine's. */
export async function openSqlite(
  path: string,
  options: SqliteOptions,
  surroundings: SqliteSurroundings,
): Promise<Storage> {
  const { readOnly = false } = options;
  const url = `sqlite:${path}${readOnly ? '?mode=ro' : ''}`;
  const inTurn = queueOf(placeOf(path, url, readOnly, surroundings.probe));
  const open = surroundings.open ?? (await findSqlite(url));
  const file = { path, open, wanted: surroundings.migrations ?? migrations };
  const { read, write, close } = await inTurn(() => access(file, url, options));
  let closed = false;
  const whileOpen = <T>(action: () => Promise<T>): Promise<T> =>
    inTurn(async () => {
      if (closed) throw new StorageError(url, 'it was closed: open it again', { code: 'storage-closed' });
      return action();
    });
  const engine: SqlEngine = {
    url,
    shown: url,
    dialect,
    owner: JSON.stringify({ ...ownIdentity(), id: randomUUID() }),
    isGone: async (_, owner) => isGone(JSON.parse(owner) as ProcessIdentity),
    write: (work) => whileOpen(() => write(work)),
    read: (work) => whileOpen(() => read(work)),
    close: () =>
      inTurn(async () => {
        closed = true;
        await close();
      }),
  };
  return sqlStorage(engine);
}
