/** Opens a storage by its URL. */
import { StorageError } from '../errors.ts';
import type { Storage } from './storage.ts';
import { addStoragePackage } from './storage-package.ts';
import { storageForms, storageType, type StorageType } from './storage-types.ts';

/** Opens a storage as its type does, and holds it to what the type says of it. */
async function openAs(type: StorageType, url: string): Promise<Storage> {
  const storage: Storage | null | undefined = await type.open(url);
  const { scheme, shared } = type;
  if (typeof storage?.close !== 'function')
    throw new StorageError(url, `the open of its kind '${scheme}:' gave no storage: have it give one`);
  const is = storage.shared === true;
  if (shared === undefined || shared === is) return storage;
  await storage.close();
  const [says, does] = shared ? ['is', 'is not'] : ['is not', 'is'];
  throw new StorageError(url, `its kind '${scheme}:' says that it ${says} shared, and it ${does}: give both the same`);
}

/**
 * Opens a storage by its URL: `memory:`, in browsers `indexeddb:name`, on Node, with the package `@espalier/storage`,
 * `journal:path`, `sqlite:path` or `postgres://user@host/database`, and those of the schemes that were registered.
 * @throws {StorageError} when the URL is of an unknown kind, or of one that needs Node or that package where it is not.
 */
export async function openStorage(url: string): Promise<Storage> {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):/u.exec(url) ?? [];
  if (scheme === undefined) throw new StorageError(url, `this is not a URL: write memory: or journal:${url}`);
  if (storageType(scheme) === undefined) await addStoragePackage(url);
  const type = storageType(scheme);
  if (type !== undefined) return openAs(type, url);
  throw new StorageError(url, `its kind '${scheme}:' is unknown: use one of ${storageForms()}, or registerStorage`);
}
