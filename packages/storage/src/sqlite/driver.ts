/** Which SQLite there is: Node's own, or that of a package on Node 20; only what both have is used. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { StorageError } from '@espalier/search';
import type { SqlRow, SqlValue } from '../sql/engine.ts';

/** What is used of a prepared statement. */
export interface SqliteStatement {
  all(...values: readonly SqlValue[]): SqlRow[];
  run(...values: readonly SqlValue[]): unknown;
}

/** What is used of an open database; the drivers have it in common. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  close(): unknown;
}

/**
 * Opens a database file. A `frozen` one is read without locks and without files beside it, of which the log of the last
 * writes is one: only for a file that has none, and that nobody writes meanwhile. Node has it from 22.15 on.
 */
export type OpenSqlite = (path: string, how?: 'frozen') => SqliteDatabase;

type Opener = new (path: string, options?: { readonly readOnly: boolean }) => SqliteDatabase;

/** A module that has SQLite, and where in it. */
interface Driver {
  readonly module: string;
  readonly load: () => Promise<unknown>;
  readonly opener: string;
}

/** A variable, because the types of Node 20 do not know of it. */
const ownModule = 'node:sqlite';

/** The modules that have SQLite, best first: Node's own from 22.13 on, and one to install. */
const knownDrivers: readonly Driver[] = [
  { module: ownModule, load: () => import(/* @vite-ignore */ ownModule), opener: 'DatabaseSync' },
  { module: 'libsql', load: () => import('libsql'), opener: 'default' },
];

/** Whether an import failed because there is no such module, rather than in it. */
function isAbsent(error: unknown): boolean {
  const codes = ['ERR_UNKNOWN_BUILTIN_MODULE', 'ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'];
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

function openWith(Database: Opener, path: string, how: 'frozen' | undefined): SqliteDatabase {
  // The driver for Node 20 ends the process at it.
  if (path.includes('\0'))
    throw new StorageError(`sqlite:${path}`, 'its path holds a NUL character: name another file');
  if (how === undefined) return new Database(path);
  return new Database(`${pathToFileURL(resolve(path)).href}?mode=ro&immutable=1`, { readOnly: true });
}

/**
 * Finds the SQLite to use.
 * @throws {StorageError} when there is none, or one that does not load.
 */
export async function findSqlite(url: string, drivers: readonly Driver[] = knownDrivers): Promise<OpenSqlite> {
  for (const { module, load, opener } of drivers) {
    try {
      const found = (await load()) as Readonly<Record<string, Opener>>;
      const Database = found[opener];
      if (Database !== undefined) return (path, how) => openWith(Database, path, how);
    } catch (cause) {
      if (isAbsent(cause)) continue;
      throw new StorageError(url, `${module} does not load: install it anew for this machine`, {
        cause,
        code: 'storage-missing',
      });
    }
  }
  throw new StorageError(
    url,
    `Node ${process.versions.node} has no SQLite of its own: npm install libsql, or use Node 22.13 or newer`,
    { code: 'storage-missing' },
  );
}
