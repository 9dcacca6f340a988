/** A dataset that is larger than memory: it goes through its parts once an epoch, in an order of its own. */
import { dataset, type Dataset } from '@espalier/nn';
import { aSeed } from '@espalier/nn/arguments';
import { ArgumentError, defaultDevice, fromTyped, type Device, type Tensor } from '@espalier/tensor';
import {
  aBoolean,
  aCount,
  aDevice,
  anObject,
  aPositiveInteger,
  check,
  checkOptions,
  type OptionRules,
} from '@espalier/tensor/arguments';
import { DataError } from '../errors.ts';
import { partOrder, rowOrder, windowsOf, type Window } from './order.ts';
import { widthOf, type PartRows, type Shards } from './shards.ts';

/** How a stream is read. */
export interface StreamOptions {
  /** Of the order of examples. Default: 0. */
  readonly seed?: number;
  /** Whether examples are mixed; without, they come as they stand in the file. Default: true. */
  readonly shuffle?: boolean;
  /** Bytes that examples in memory may take. Default: 256 MiB. */
  readonly memory?: number;
  /** Whether what comes next is read ahead. Default: true. */
  readonly prefetch?: boolean;
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
}

/** Where a stream is. JSON. */
export interface StreamState {
  readonly seed: number;
  /** From 0. */
  readonly epoch: number;
  /** Examples of the epoch that were given. */
  readonly position: number;
}

/**
 * A dataset that mixes its examples by itself: `fit` it with `shuffle: false`, and save its state with each checkpoint. What was given
 * before it is the start of a new epoch.
 */
export interface StreamedDataset extends Dataset {
  /** Where it is. */
  readonly state: () => StreamState;
  /** Goes on from where a stream of the same file and options was. */
  readonly restore: (state: StreamState) => void;
}

export const streamRules: OptionRules<StreamOptions> = {
  seed: aSeed,
  shuffle: aBoolean,
  memory: aPositiveInteger,
  prefetch: aBoolean,
  device: aDevice,
};

const usualMemory = 2 ** 28;
/** Memory is for the window that is given from, the one that is read ahead, and what is decoded of it. */
const shares = 3;
/** More windows than this for one batch are read by somebody who mixes examples beside the stream. */
const mostWindows = 8;

interface Held {
  readonly rows: PartRows;
  readonly order: Int32Array;
}

/** The windows that are in memory, or on their way there. */
class Windows {
  readonly #shards: Shards;
  readonly #seed: number;
  readonly #shuffles: boolean;
  readonly #mostRows: number;
  readonly #held = new Map<string, Promise<Held>>();
  #epoch = -1;
  #windows: readonly Window[] = [];

  constructor(shards: Shards, seed: number, shuffles: boolean, mostRows: number) {
    this.#shards = shards;
    this.#seed = seed;
    this.#shuffles = shuffles;
    this.#mostRows = mostRows;
  }

  /** The windows of an epoch. */
  of(epoch: number): readonly Window[] {
    if (epoch !== this.#epoch) {
      const { parts } = this.#shards;
      this.#windows = windowsOf(parts, partOrder(parts.length, this.#seed, epoch, this.#shuffles), this.#mostRows);
      this.#epoch = epoch;
    }
    return this.#windows;
  }

  /** A window, which is read unless it is there; only those in `keep` beside it are kept. */
  get(epoch: number, window: number, keep: readonly number[]): Promise<Held> {
    const keyOf = (each: number): string => `${epoch}/${each}`;
    const kept = new Set([window, ...keep].map(keyOf));
    for (const key of this.#held.keys()) if (!kept.has(key)) this.#held.delete(key);
    const key = keyOf(window);
    let held = this.#held.get(key);
    if (!held) {
      held = this.#read(epoch, window);
      this.#held.set(key, held);
      // What fails is read again when it is asked for again.
      held.catch(() => this.#held.delete(key));
    }
    return held;
  }

  async #read(epoch: number, index: number): Promise<Held> {
    const { rows, parts } = this.of(epoch)[index] as Window;
    const { x, y } = this.#shards;
    const [widthX, widthY] = [widthOf(x), widthOf(y)];
    const arrayOf = (dtype: 'f32' | 'i32', length: number) =>
      dtype === 'f32' ? new Float32Array(length) : new Int32Array(length);
    const joined = { x: arrayOf(x.dtype, rows * widthX), y: arrayOf(y.dtype, rows * widthY) };
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
    return { rows: joined, order: rowOrder(rows, this.#seed, epoch, index, this.#shuffles) };
  }
}

/** The window that holds a place of the epoch. */
function windowAt(windows: readonly Window[], place: number): number {
  let [low, high] = [0, windows.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((windows[middle] as Window).start <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * A dataset of examples in parts. Example i is the i-th of the epoch.
 * @throws {ArgumentError} where not one part fits into the memory that is given.
 */
export function streamed(shards: Shards, options: StreamOptions = {}): StreamedDataset {
  const {
    seed = 0,
    shuffle = true,
    memory = usualMemory,
    prefetch = true,
    device = defaultDevice(),
  } = checkOptions('streamed', options, streamRules);
  const size = shards.parts.reduce((sum, rows) => sum + rows, 0);
  const [widthX, widthY] = [widthOf(shards.x), widthOf(shards.y)];
  const rowBytes = 4 * (widthX + widthY + 1);
  const mostRows = Math.floor(memory / shares / rowBytes);
  const largest = shards.parts.reduce((most, rows) => Math.max(most, rows), 0);
  if (largest > mostRows)
    throw new ArgumentError(
      'streamed',
      `a part of ${largest} examples of ${rowBytes} bytes does not fit into a third of ${memory} bytes; give more memory, or make smaller parts`,
    );
  const windows = new Windows(shards, seed, shuffle, mostRows);
  let [epoch, position] = [0, 0];

  const gather = async (indices: Int32Array): Promise<PartRows> => {
    const own = windows.of(epoch);
    const at = epoch;
    const wanted = new Set(Array.from(indices, (index) => windowAt(own, index)));
    if (wanted.size > mostWindows)
      throw new ArgumentError(
        'streamed',
        `one batch is of ${wanted.size} parts of the file; train with shuffle: false, the stream mixes its examples itself`,
      );
    const x =
      shards.x.dtype === 'f32' ? new Float32Array(indices.length * widthX) : new Int32Array(indices.length * widthX);
    const y =
      shards.y.dtype === 'f32' ? new Float32Array(indices.length * widthY) : new Int32Array(indices.length * widthY);
    for (const window of wanted) {
      const next = window + 1;
      const { rows, order } = await windows.get(at, window, prefetch ? [next] : []);
      const { start } = own[window] as Window;
      for (const [place, index] of indices.entries()) {
        if (windowAt(own, index) !== window) continue;
        const row = order[index - start] as number;
        x.set(rows.x.subarray(row * widthX, (row + 1) * widthX), place * widthX);
        y.set(rows.y.subarray(row * widthY, (row + 1) * widthY), place * widthY);
      }
      if (prefetch && next < own.length) void windows.get(at, next, [window]).catch(() => undefined);
    }
    return { x, y };
  };

  return {
    ...dataset({
      size,
      load: async (indices) => {
        const first = indices[0] ?? 0;
        if (first < position && indices.length > 0) epoch++;
        position = (indices.at(-1) ?? first - 1) + 1;
        const { x, y } = await gather(indices);
        return {
          x: fromTyped(x, [indices.length, ...shards.x.shape], { device }),
          y: fromTyped(y, [indices.length, ...shards.y.shape], { device }),
        };
      },
      prepare: ({ x, y }) => ({ x: x as Tensor, y: y as Tensor }),
    }),
    state: () => ({ seed, epoch, position }),
    restore: (state) => {
      check<object>('restore', 'state', state, anObject);
      check('restore', 'epoch', state.epoch, aCount);
      check('restore', 'position', state.position, aCount);
      if (state.seed !== seed || state.position > size)
        throw new ArgumentError(
          'restore',
          `the state is of another stream: seed ${state.seed}, ${state.position} examples given; this one has seed ${seed} and ${size} examples`,
        );
      [epoch, position] = [state.epoch, state.position];
    },
  };
}
