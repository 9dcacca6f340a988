/** The storages of this package by the schemes of their URLs. */
import { StorageError, type Storage, type StorageType } from '@espalier/search';
import { journalStorage } from './journal/journal.ts';
import { keepAlive } from './keep-alive.ts';
import { postgresStorage } from './postgres/postgres-storage.ts';
import { sqliteStorage } from './sqlite/sqlite-storage.ts';

type OpenFile = (path: string, options: { readonly readOnly: boolean }) => Promise<Storage>;

/** A storage that is a file, named by what follows its scheme. */
function fileType(scheme: string, shared: boolean, openFile: OpenFile): StorageType {
  return {
    scheme,
    form: `${scheme}:path`,
    shared,
    keepAlive,
    open: async (url) => {
      const [, path = '', mode] = /^[^:]*:(.*?)(?:\?mode=(\w*))?$/su.exec(url) ?? [];
      if (path === '') throw new StorageError(url, `it names no file: write ${scheme}:path`);
      if (mode !== undefined && mode !== 'ro') {
        throw new StorageError(url, `its mode '${mode}' is unknown: write ?mode=ro to only read, or nothing`);
      }
      return openFile(path, { readOnly: mode === 'ro' });
    },
  };
}

/** A storage on a server, named by the whole URL. */
function serverType(scheme: string, open: StorageType['open']): StorageType {
  return { scheme, form: `${scheme}://user@host/database`, shared: true, keepAlive, open };
}

/** The storages of this package by their schemes; `openStorage` of `@espalier/search` makes them known where it meets one. */
export const storageTypes: readonly StorageType[] = [
  fileType('journal', false, journalStorage),
  fileType('sqlite', true, sqliteStorage),
  serverType('postgres', postgresStorage),
  serverType('postgresql', postgresStorage),
];

/**
 * Opens a storage of this package by its URL, such as `journal:runs/digits.jsonl`. With `?mode=ro` at its end, that of
 * a file is only read: a journal beside the process that writes it, too.
 * @throws {StorageError} when the scheme or the mode is unknown or the rest is empty.
 */
export async function openFileStorage(url: string): Promise<Storage> {
  const type = storageTypes.find(({ scheme }) => url.startsWith(`${scheme}:`));
  if (type !== undefined) return type.open(url);
  const known = storageTypes.map(({ form }) => form).join(', ');
  throw new StorageError(url, `it is none of this package: use one of ${known}, or openStorage of @espalier/search`);
}
