import { own, StorageError } from '@espalier/search';
import type { Storage } from '@espalier/search';
import { journalStorage } from './journal/journal.ts';
import { postgresStorage } from './postgres/postgres-storage.ts';
import { sqliteStorage } from './sqlite/sqlite-storage.ts';

/** How the storages of each scheme are opened: those that are files, by what follows it. */
const files: Readonly<Record<string, (path: string, options: { readonly readOnly: boolean }) => Promise<Storage>>> = {
  journal: journalStorage,
  sqlite: sqliteStorage,
};

/** And those on a server, by the whole URL. */
const servers: Readonly<Record<string, (url: string) => Promise<Storage>>> = {
  postgres: postgresStorage,
  postgresql: postgresStorage,
};

const known = 'memory:, journal:path, sqlite:path, postgres://user@host/database';

/**
 * Opens a storage that needs Node by its URL, such as `journal:runs/digits.jsonl`. With `?mode=ro` at its end, that of
 * a file is only read: a journal beside the process that writes it, too.
 * @throws StorageError when the scheme or the mode is unknown or the rest is empty.
 */
export async function openFileStorage(url: string): Promise<Storage> {
  const [, scheme = '', rest = ''] = /^([^:]*):?(.*)$/su.exec(url) ?? [];
  const openServer = own(servers, scheme);
  if (openServer !== undefined) return openServer(url);
  const openFile = own(files, scheme);
  if (openFile === undefined) throw new StorageError(url, `its kind '${scheme}:' is unknown: use one of ${known}`);
  const [, path = '', mode] = /^(.*?)(?:\?mode=(\w*))?$/su.exec(rest) ?? [];
  if (path === '') throw new StorageError(url, `it names no file: write ${scheme}:path`);
  if (mode !== undefined && mode !== 'ro') {
    throw new StorageError(url, `its mode '${mode}' is unknown: write ?mode=ro to only read, or nothing`);
  }
  return openFile(path, { readOnly: mode === 'ro' });
}
