import { StorageError } from '../errors.ts';
import type { Storage } from '../storage/storage.ts';
import { journalStorage } from './journal.ts';

/** Opens the storage that a URL's rest names, by the URL's scheme. */
const schemes: Readonly<Record<string, (rest: string) => Promise<Storage>>> = {
  journal: (path) => journalStorage(path),
};

/**
 * Opens a storage that needs Node by its URL, such as `journal:runs/digits.jsonl`.
 * @throws StorageError when the scheme is unknown or the rest is empty.
 */
export async function openFileStorage(url: string): Promise<Storage> {
  const [scheme = '', ...rest] = url.split(':');
  const openScheme = Object.hasOwn(schemes, scheme) ? schemes[scheme] : undefined;
  if (openScheme === undefined) {
    const known = ['memory:', ...Object.keys(schemes).map((name) => `${name}:path`)].join(', ');
    throw new StorageError(url, `its kind '${scheme}:' is unknown: use one of ${known}`);
  }
  const path = rest.join(':');
  if (path === '') throw new StorageError(url, `it names no file: write ${scheme}:path`);
  return openScheme(path);
}
