import { StorageError } from '../errors.ts';
import { indexedDbStorage } from './indexed-db.ts';
import { memoryStorage } from './memory.ts';
import type { Storage } from './storage.ts';
import { loadStoragePackage } from './storage-package.ts';

const indexedDbScheme = 'indexeddb:';

/**
 * Opens a storage by its URL: `memory:`, in browsers `indexeddb:name`, or on Node, with the package `@espalier/storage`,
 * `journal:path`, `sqlite:path` or `postgres://user@host/database`.
 * @throws StorageError when the URL is of an unknown kind, or of one that needs Node or that package where it is not.
 */
export async function openStorage(url: string): Promise<Storage> {
  if (url === 'memory:') return memoryStorage();
  if (url.startsWith(indexedDbScheme)) return indexedDbStorage(url.slice(indexedDbScheme.length));
  if (!/^[a-z][a-z0-9+.-]*:/u.test(url)) {
    throw new StorageError(url, `this is not a URL: write memory: or journal:${url}`);
  }
  return (await loadStoragePackage(url)).openFileStorage(url);
}
