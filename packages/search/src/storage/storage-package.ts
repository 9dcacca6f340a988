/** Asks for @espalier/storage when a URL needs it: a program without Node, or without files, never loads it. */
import { StorageError } from '../errors.ts';
import { registerStorage, storageType, type StorageType } from './storage-types.ts';

/** What is used here of the package of the storages that need Node. */
interface StoragePackage {
  readonly storageTypes: readonly StorageType[];
}

/** What Node has, and TypeScript's own library does not tell of. */
const host = globalThis as { readonly process?: { readonly versions?: { readonly node?: string } } };

/** A variable, so that a bundler for the browser does not follow it. */
const name = '@espalier/storage';

/** Whether an import failed because there is no package of that name, and not within it. */
function isMissing(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'ERR_MODULE_NOT_FOUND' &&
    error.message.includes(`'${name}'`)
  );
}

/**
 * Makes the storages known that need Node, for a URL that is none of the others.
 * @throws {StorageError} when their package is not installed, or there is no Node.
 */
export async function addStoragePackage(url: string): Promise<void> {
  let found: StoragePackage;
  try {
    found = (await import(/* @vite-ignore */ name)) as StoragePackage;
  } catch (cause) {
    if (isMissing(cause))
      throw new StorageError(url, `it needs ${name}: npm install ${name}`, { cause, code: 'storage-missing' });
    if (host.process?.versions?.node !== undefined) throw cause;
    throw new StorageError(url, 'files and databases need Node: use memory: or indexeddb:name here', {
      cause,
      code: 'storage-missing',
    });
  }
  // A scheme that a program has given to a storage of its own before stays with that.
  for (const type of found.storageTypes) if (storageType(type.scheme) === undefined) registerStorage(type);
}
