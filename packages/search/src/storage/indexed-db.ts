/** Studies in a browser that outlast their page. The few types are written here, since this package has no DOM. */
import { FormatError, StorageError, StorageLockedError } from '../errors.ts';
import { logStorage, type LogEntry } from './log-storage.ts';
import type { Storage } from './storage.ts';

interface Request<T> {
  readonly result: T;
  readonly error: unknown;
  addEventListener(event: 'success' | 'error' | 'upgradeneeded', listener: () => void): void;
}

interface Transaction {
  readonly error: unknown;
  objectStore(name: string): { getAll(): Request<unknown[]>; add(value: unknown): unknown };
  addEventListener(event: 'complete' | 'abort', listener: () => void): void;
}

interface Database {
  createObjectStore(name: string, options: { readonly autoIncrement: boolean }): unknown;
  transaction(store: string, mode: 'readonly' | 'readwrite'): Transaction;
  close(): void;
}

/** What browsers have, and TypeScript's own library does not tell of. */
interface Browser {
  readonly indexedDB?: { open(name: string, version: number): Request<Database> };
  readonly navigator?: {
    readonly locks?: {
      request(
        name: string,
        options: { readonly ifAvailable: true },
        hold: (lock: object | null) => Promise<void>,
      ): Promise<void>;
    };
  };
}

const browser = globalThis as unknown as Browser;
const version = 1;
const store = 'entries';

function settled<T>(request: Request<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error));
  });
}

/** Takes the lock of a name, which lasts as long as the page; undefined when another page has it. */
async function takeLock(name: string): Promise<(() => void) | undefined> {
  const { locks } = browser.navigator ?? {};
  // Pages that are not served safely have none; they keep out of each other's way themselves.
  if (locks === undefined) return () => undefined;
  return new Promise((resolve, reject) => {
    const hold = (lock: object | null): Promise<void> => {
      if (lock !== null) return new Promise((release) => resolve(release));
      resolve(undefined);
      return Promise.resolve();
    };
    locks.request(name, { ifAvailable: true }, hold).catch(reject);
  });
}

async function openDatabase(name: string, url: string): Promise<Database> {
  const { indexedDB } = browser;
  if (indexedDB === undefined)
    throw new StorageError(url, 'there is no IndexedDB here: use memory:, or on Node a file', {
      code: 'storage-missing',
    });
  const request = indexedDB.open(name, version);
  request.addEventListener('upgradeneeded', () => {
    request.result.createObjectStore(store, { autoIncrement: true });
  });
  try {
    return await settled(request);
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'VersionError') {
      throw new FormatError(url, 0, 'it was written by a newer release: use that one, or another name');
    }
    const problem = `it cannot be opened (${String(cause)}): allow the page to store data, or use memory:`;
    throw new StorageError(url, problem, { cause });
  }
}

/** Adds an entry, and resolves when it is stored. */
function add(database: Database, url: string, entry: LogEntry): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, 'readwrite');
    transaction.addEventListener('complete', () => resolve());
    transaction.addEventListener('abort', () => {
      const problem = `it cannot be written (${String(transaction.error)}): free storage of the page and resume; what it held is safe`;
      reject(new StorageError(url, problem, { cause: transaction.error }));
    });
    transaction.objectStore(store).add(entry);
  });
}

/**
 * Opens a database of the browser by its name, and creates it if need be. One page or worker at a time has it open. Trials
 * that were running when a page was closed wait again with their numbers and configs.
 * @throws {StorageLockedError} when another page has it open.
 * @throws {StorageError} when there is no IndexedDB, or the page may not use it.
 * @throws {FormatError} when the database is damaged, or was written by a newer release.
 */
export async function indexedDbStorage(name: string): Promise<Storage> {
  const url = `indexeddb:${name}`;
  const id = `espalier/${name}`;
  const release = await takeLock(id);
  if (release === undefined) throw new StorageLockedError(url, 'another page has it open: close that page');
  try {
    const database = await openDatabase(id, url);
    const entries = await settled(database.transaction(store, 'readonly').objectStore(store).getAll());
    return await logStorage({
      url,
      entries: entries as readonly LogEntry[],
      damaged: (_, found) => new FormatError(url, 0, `${found}: use another name`),
      write: (entry) => add(database, url, entry),
      recovery: 'its page was closed',
      release: async () => {
        database.close();
        release();
      },
    });
  } catch (error) {
    release();
    throw error;
  }
}
