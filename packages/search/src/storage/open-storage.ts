import { StorageError } from '../errors.ts';
import { loadNodeEntry } from '../node-entry.ts';
import type { NodeEntry } from '../node-entry.ts';
import { indexedDbStorage } from './indexed-db.ts';
import { memoryStorage } from './memory.ts';
import type { Storage } from './storage.ts';

const indexedDbScheme = 'indexeddb:';

/**
 * Opens a storage by its URL: `memory:`, in browsers `indexeddb:name`, or on Node `journal:path`, `sqlite:path` or `postgres://user@host/database`.
 * @throws StorageError when the URL is of an unknown kind, or of one that needs Node where there is none.
 */
export async function openStorage(url: string): Promise<Storage> {
  if (url === 'memory:') return memoryStorage();
  if (url.startsWith(indexedDbScheme)) return indexedDbStorage(url.slice(indexedDbScheme.length));
  if (!/^[a-z][a-z0-9+.-]*:/u.test(url)) {
    throw new StorageError(url, `this is not a URL: write memory: or journal:${url}`);
  }
  let node: NodeEntry;
  try {
    node = await loadNodeEntry();
  } catch (error) {
    throw new StorageError(url, 'files and databases need Node: use memory: or indexeddb:name here', { cause: error });
  }
  return node.openFileStorage(url);
}
