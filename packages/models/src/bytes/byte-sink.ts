/** Where bytes are written one after the other. */

/** Takes bytes in order, and keeps none: what it is given may be written over once its promise is kept. */
export interface ByteSink {
  readonly write: (bytes: Uint8Array) => Promise<void>;
}

/** A sink in memory. */
export interface MemorySink extends ByteSink {
  /** All that was written, as one array. */
  readonly bytes: () => Uint8Array<ArrayBuffer>;
}

/** Collects what is written. */
export function memorySink(): MemorySink {
  const parts: Uint8Array[] = [];
  return {
    // Not by slice, which gives a view of a Buffer of Node.
    write: async (bytes) => void parts.push(new Uint8Array(bytes)),
    bytes: () => {
      const all = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
      let at = 0;
      for (const part of parts) {
        all.set(part, at);
        at += part.byteLength;
      }
      return all;
    },
  };
}
