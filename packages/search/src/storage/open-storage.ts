import { StorageError } from '../errors.ts';
import { memoryStorage } from './memory.ts';
import type { Storage } from './storage.ts';

/** What the node entry offers to {@link openStorage}. */
interface NodeEntry {
  openFileStorage(url: string): Promise<Storage>;
}

/** A variable, so that a bundler for the browser does not follow it. */
const nodeEntry = '@espalier/search/node';

/**
 * Opens a storage by its URL: `memory:`, or on Node `journal:path`.
 * @throws StorageError when the URL is of an unknown kind, or of one that needs Node where there is none.
 */
export async function openStorage(url: string): Promise<Storage> {
  if (url === 'memory:') return memoryStorage();
  if (!/^[a-z][a-z0-9+.-]*:/u.test(url)) {
    throw new StorageError(url, `this is not a URL: write memory: or journal:${url}`);
  }
  let node: NodeEntry;
  try {
    node = (await import(/* @vite-ignore */ nodeEntry)) as NodeEntry;
  } catch (error) {
    throw new StorageError(url, 'files and databases need Node: use memory: here', { cause: error });
  }
  return node.openFileStorage(url);
}
