import { StorageError } from '../errors.ts';
import type { ClaimToken, Storage } from './storage.ts';

/** Keeps claims in force while their trials run. */
export interface KeepAlive {
  /** Renews a claim from now on. */
  hold(claim: ClaimToken): void;
  /** Renews it no longer. */
  drop(claim: ClaimToken): void;
  close(): Promise<void>;
}

/** What is used here of the package of the storages that need Node. */
export interface StoragePackage {
  openFileStorage(url: string): Promise<Storage>;
  keepAlive(url: string, study: string, lease: number): Promise<KeepAlive>;
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
 * The package of the storages that need Node, for a URL.
 * @throws StorageError when it is not installed, or there is no Node.
 */
export async function loadStoragePackage(url: string): Promise<StoragePackage> {
  try {
    return (await import(/* @vite-ignore */ name)) as StoragePackage;
  } catch (cause) {
    if (isMissing(cause)) throw new StorageError(url, `it needs ${name}: npm install ${name}`, { cause });
    if (host.process?.versions?.node !== undefined) throw cause;
    throw new StorageError(url, 'files and databases need Node: use memory: or indexeddb:name here', { cause });
  }
}
