/** What of a stream is in memory: windows of its order, read when they are asked for, and let go behind them. */
import { DataError } from '../errors.ts';
import { partOrder, rowOrder, windowsOf, type Window } from './order.ts';
import { widthOf, type PartRows, type RowShape, type Shards } from './shards.ts';

/** A window of an epoch. */
export interface WindowPlace {
  readonly epoch: number;
  readonly window: number;
}

/** Examples of a window, and the order that they are given in. */
export interface Held {
  readonly rows: PartRows;
  readonly order: Int32Array;
}

/** How a stream is ordered. */
export interface Mixing {
  readonly seed: number;
  readonly shuffles: boolean;
  /** Examples of a window. */
  readonly mostRows: number;
}

/** Numbers for so many examples. */
export function arrayFor({ dtype }: RowShape, length: number): Float32Array | Int32Array {
  return dtype === 'f32' ? new Float32Array(length) : new Int32Array(length);
}

const keyOf = ({ epoch, window }: WindowPlace): string => `${epoch}/${window}`;

/** The windows of a stream that are in memory, or on their way there. */
export class Windows {
  readonly #shards: Shards;
  readonly #mixing: Mixing;
  readonly #held = new Map<string, Promise<Held>>();
  /** Of the epochs asked for last: a batch may be of two. */
  readonly #epochs = new Map<number, readonly Window[]>();

  constructor(shards: Shards, mixing: Mixing) {
    this.#shards = shards;
    this.#mixing = mixing;
  }

  /** The windows of an epoch. */
  of(epoch: number): readonly Window[] {
    let windows = this.#epochs.get(epoch);
    if (!windows) {
      const { parts } = this.#shards;
      const { seed, shuffles, mostRows } = this.#mixing;
      windows = windowsOf(parts, partOrder(parts.length, seed, epoch, shuffles), mostRows);
      for (const old of this.#epochs.keys()) if (Math.abs(old - epoch) > 1) this.#epochs.delete(old);
      this.#epochs.set(epoch, windows);
    }
    return windows;
  }

  /** The window that holds a place of an epoch. */
  at(epoch: number, place: number): number {
    const windows = this.of(epoch);
    let [low, high] = [0, windows.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((windows[middle] as Window).start <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The window behind another one in its epoch, if there is one: whether another epoch comes, nobody knows. */
  after({ epoch, window }: WindowPlace): WindowPlace[] {
    return window + 1 < this.of(epoch).length ? [{ epoch, window: window + 1 }] : [];
  }

  /** A window, which is read unless it is there; only it and `keep` are kept. */
  get(place: WindowPlace, keep: readonly WindowPlace[]): Promise<Held> {
    const kept = new Set([place, ...keep].map(keyOf));
    for (const key of this.#held.keys()) if (!kept.has(key)) this.#held.delete(key);
    const key = keyOf(place);
    let held = this.#held.get(key);
    if (!held) {
      held = this.#read(place);
      this.#held.set(key, held);
      // What fails is read again when it is asked for again.
      held.catch(() => this.#held.delete(key));
    }
    return held;
  }

  async #read({ epoch, window }: WindowPlace): Promise<Held> {
    const { rows, parts } = this.of(epoch)[window] as Window;
    const { x, y } = this.#shards;
    const [widthX, widthY] = [widthOf(x), widthOf(y)];
    const joined = { x: arrayFor(x, rows * widthX), y: arrayFor(y, rows * widthY) };
    let at = 0;
    for (const part of parts) {
      const read = await this.#shards.read(part);
      const count = this.#shards.parts[part] as number;
      if (read.x.length !== count * widthX || read.y.length !== count * widthY)
        throw new DataError(
          this.#shards.name,
          {},
          `part ${part} has ${read.x.length} and ${read.y.length} values for ${count} examples of ${widthX} and ${widthY}`,
        );
      joined.x.set(read.x, at * widthX);
      joined.y.set(read.y, at * widthY);
      at += count;
    }
    const { seed, shuffles } = this.#mixing;
    return { rows: joined, order: rowOrder(rows, seed, epoch, window, shuffles) };
  }
}
