/** Storages by the scheme of their URL, which code outside may add to. */
import { showValue } from '../checked/quote.ts';
import { StorageError } from '../errors.ts';
import { indexedDbStorage } from './indexed-db.ts';
import type { KeepAlive } from './keep-alive.ts';
import { memoryStorage } from './memory.ts';
import type { Storage } from './storage.ts';

/** How storages of a scheme are opened. */
export interface StorageType {
  /** What stands before the first colon of a URL: lower-case letters, digits, `+`, `.` and `-`, a letter first. */
  readonly scheme: string;
  /**
   * Opens the storage of a whole URL.
   * @throws {StorageError} for one that it cannot open.
   */
  readonly open: (url: string) => Promise<Storage>;
  /**
   * Whether its storages can be open in several processes at once, told before one is opened; each says so itself
   * (`Storage.shared`), and may not say otherwise. Default: that is known of an open one only.
   */
  readonly shared?: boolean;
  /** What a URL looks like, for messages: `journal:path`. Default: the scheme, a colon and `…`. */
  readonly form?: string;
  /**
   * Renews claims while the objective computes, for storages that are open to others at once. Default: by a timer in the
   * thread of the objective, which is late while that computes without a pause.
   */
  readonly keepAlive?: (url: string, study: string, lease: number) => Promise<KeepAlive>;
}

const builtIn: readonly StorageType[] = [
  {
    scheme: 'memory',
    form: 'memory:',
    shared: false,
    open: async (url) => {
      if (url === 'memory:') return memoryStorage();
      throw new StorageError(url, 'a storage in memory has no name: write memory:');
    },
  },
  {
    scheme: 'indexeddb',
    form: 'indexeddb:name',
    shared: false,
    open: async (url) => indexedDbStorage(url.slice('indexeddb:'.length)),
  },
];

const types = new Map<string, StorageType>(builtIn.map((type) => [type.scheme, type]));

/** What each field of a type has to be, in words, and whether it is. */
const fields: Readonly<Record<keyof StorageType, readonly [string, (value: unknown) => boolean]>> = {
  scheme: [
    'a text of lower-case letters, digits, +, . and -, which begins with a letter',
    (value) => typeof value === 'string' && /^[a-z][a-z0-9+.-]*$/u.test(value),
  ],
  open: ['a function of a URL', (value) => typeof value === 'function'],
  shared: ['true or false', (value) => value === undefined || typeof value === 'boolean'],
  form: ['a text such as journal:path', (value) => value === undefined || typeof value === 'string'],
  keepAlive: [
    'a function of a URL, a study and a lease',
    (value) => value === undefined || typeof value === 'function',
  ],
};

/**
 * Makes a kind of storage known by the scheme of its URLs: to `openStorage`, and to whatever takes the URL of a storage.
 * @throws {StorageError} that names the field which is wrong, or if the scheme is taken by another one.
 *
 * @example
 * registerStorage({ scheme: 'mine', open: async (url) => myStorage(url) });
 */
export function registerStorage(type: StorageType): void {
  for (const [name, [wanted, holds]] of Object.entries(fields)) {
    const value: unknown = typeof type === 'object' && type !== null ? Reflect.get(type, name) : undefined;
    if (!holds(value)) throw new StorageError('registerStorage', `${name} is ${showValue(value)}: give ${wanted}`);
  }
  const { scheme } = type;
  const known = types.get(scheme);
  if (known === type) return;
  if (known !== undefined)
    throw new StorageError(
      'registerStorage',
      `there is another storage of the scheme '${scheme}': choose one that is free`,
    );
  types.set(scheme, type);
}

/** The schemes that are known here, those that were registered last: those of `@espalier/storage` once it was asked for. */
export function storageSchemes(): readonly string[] {
  return [...types.keys()];
}

/** The kind of storage of a scheme, if it is known here. */
export function storageType(scheme: string): StorageType | undefined {
  return types.get(scheme);
}

/** What URLs look like that are known here, for messages. */
export function storageForms(): string {
  return [...types.values()].map(({ scheme, form = `${scheme}:…` }) => form).join(', ');
}
