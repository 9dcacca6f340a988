/** Where a search keeps what it has found, to go on from: files by path, wherever they are. */

/** Keeps files. Each appears whole or not at all. */
export interface LoopStore {
  /** Undefined where there is none. */
  readonly read: (path: string) => Promise<Uint8Array | undefined>;
  /** The same for a text. */
  readonly readText: (path: string) => Promise<string | undefined>;
  readonly write: (path: string, contents: Uint8Array | string) => Promise<void>;
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
