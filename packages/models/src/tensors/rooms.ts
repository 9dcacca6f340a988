/**
 * Memory for what is copied to a device and then of no use: it is given back at once. Left to the collector of garbage, that of
 * many matrices would wait for it, which is as much as a tenth of what is loaded, or half of it.
 */

interface Resizable extends ArrayBuffer {
  resize?(bytes: number): void;
}

type MakeBuffer = new (bytes: number, options: { readonly maxByteLength: number }) => Resizable;

/** Buffers that are given back together. */
export class Rooms {
  readonly #taken: Resizable[] = [];

  /** So many bytes, all 0. An engine whose buffers cannot shrink gives an ordinary one. */
  take(bytes: number): ArrayBuffer {
    const room = new (ArrayBuffer as unknown as MakeBuffer)(bytes, { maxByteLength: bytes });
    this.#taken.push(room);
    return room;
  }

  /** Gives all of them back: what lies in them is gone. */
  free(): void {
    for (const room of this.#taken.splice(0)) room.resize?.(0);
  }
}
