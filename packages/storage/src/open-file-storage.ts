import { StorageError } from '@espalier/search';
import type { Storage } from '@espalier/search';
import { journalStorage } from './journal/journal.ts';
import { postgresStorage } from './postgres/postgres-storage.ts';
import { sqliteStorage } from './sqlite/sqlite-storage.ts';

/** How the storages of each scheme are opened, by the whole URL or what follows the scheme. */
const schemes: Readonly<Record<string, (rest: string, url: string) => Promise<Storage>>> = {
  journal: (path) => journalStorage(path),
  sqlite: (path) => sqliteStorage(path),
  postgres: (_, url) => postgresStorage(url),
  postgresql: (_, url) => postgresStorage(url),
};

/**
 * Opens a storage that needs Node by its URL, such as `journal:runs/digits.jsonl`.
 * @throws StorageError when the scheme is unknown or the rest is empty.
 */
export async function openFileStorage(url: string): Promise<Storage> {
  const [scheme = '', ...rest] = url.split(':');
  const openScheme = Object.hasOwn(schemes, scheme) ? schemes[scheme] : undefined;
  if (openScheme === undefined) {
    const known = 'memory:, journal:path, sqlite:path, postgres://user@host/database';
    throw new StorageError(url, `its kind '${scheme}:' is unknown: use one of ${known}`);
  }
  const path = rest.join(':');
  if (path === '') throw new StorageError(url, `it names no file: write ${scheme}:path`);
  return openScheme(path, url);
}
