/** Where a search keeps what it has found, to go on from: files by path, wherever they are. */

/** Keeps files. Each appears whole or not at all. */
export interface LoopStore {
  /** Undefined where there is none. */
  readonly read: (path: string) => Promise<Uint8Array | undefined>;
  /** The same for a text. */
  readonly readText: (path: string) => Promise<string | undefined>;
  readonly write: (path: string, contents: Uint8Array | string) => Promise<void>;
}

/** A store that knows its own errors: a disk that is full is not the fault of a recipe. */
export interface WatchedStore extends LoopStore {
  readonly threw: (error: unknown) => boolean;
}

/** Watches a store. */
export function watched(store: LoopStore): WatchedStore {
  const errors = new Set<unknown>();
  const watch =
    <Arguments extends readonly unknown[], Result>(call: (...args: Arguments) => Promise<Result>) =>
    async (...args: Arguments): Promise<Result> => {
      try {
        return await call(...args);
      } catch (error) {
        errors.add(error);
        throw error;
      }
    };
  return {
    read: watch(store.read),
    readText: watch(store.readText),
    write: watch(store.write),
    threw: (error) => errors.has(error),
  };
}

/** A store that lasts as long as the program. */
export function memoryStore(): LoopStore {
  const files = new Map<string, Uint8Array | string>();
  return {
    read: async (path) => {
      const found = files.get(path);
      return typeof found === 'string' ? undefined : found;
    },
    readText: async (path) => {
      const found = files.get(path);
      return typeof found === 'string' ? found : undefined;
    },
    write: async (path, contents) => void files.set(path, contents),
  };
}
