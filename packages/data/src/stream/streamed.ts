/** A dataset that is larger than memory: it goes through its parts once an epoch, in an order of its own. */
import { dataset, type Dataset, type OwnOrder } from '@espalier/nn';
import { aSeed } from '@espalier/nn/arguments';
import { ArgumentError, defaultDevice, fromTyped, type Device, type Tensor } from '@espalier/tensor';
import {
  aBoolean,
  aCount,
  aDevice,
  anObject,
  aPositiveInteger,
  aText,
  check,
  checkOptions,
  type OptionRules,
} from '@espalier/tensor/arguments';
import type { Window } from './order.ts';
import { widthOf, type PartRows, type Shards } from './shards.ts';
import { arrayFor, Windows, type WindowPlace } from './windows.ts';

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
  /** Examples of an epoch of the training; the next one goes on behind them, and begins anew with the file. Default: all. */
  readonly examples?: number;
  /** What tells the file from others: a checkpoint of another one is refused. Default: the number of its examples and parts. */
  readonly digest?: string;
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
 * A dataset that mixes its examples by itself. `fit` tells it where an epoch begins, so that a checkpoint of `fit` is all that a resume
 * needs. Who takes batches by themselves saves its state; what was given before it is the start of a new epoch.
 */
export interface StreamedDataset extends Dataset {
  readonly order: OwnOrder;
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
  examples: aPositiveInteger,
  digest: aText,
  device: aDevice,
};

const usualMemory = 2 ** 28;
/** Memory is for the window that is given from, the one that is read ahead, and what is decoded of it. */
const shares = 3;
/** More windows than this for one batch are read by somebody who mixes examples beside the stream. */
const mostWindows = 8;

/**
 * The least memory that a stream of these parts works in: three times its largest part.
 */
export function leastMemory({ parts, x, y }: Pick<Shards, 'parts' | 'x' | 'y'>): number {
  return shares * rowBytesOf({ x, y }) * parts.reduce((most, rows) => Math.max(most, rows), 0);
}

/** What an example takes in memory: its numbers, and its place in the order. */
function rowBytesOf({ x, y }: Pick<Shards, 'x' | 'y'>): number {
  return 4 * (widthOf(x) + widthOf(y) + 1);
}

/** Where an example of an epoch is in the stream: epochs of the training may be shorter or longer than those of the file. */
interface Place extends WindowPlace {
  readonly row: number;
}

/** Copies the examples of places from the windows that hold them. */
async function gather(
  shards: Shards,
  windows: Windows,
  places: readonly Place[],
  prefetch: boolean,
): Promise<PartRows> {
  const wanted = new Map(places.map(({ epoch, window }) => [`${epoch}/${window}`, { epoch, window }]));
  if (wanted.size > mostWindows)
    throw new ArgumentError(
      'streamed',
      `one batch is of ${wanted.size} parts of the file; train with shuffle: false, the stream mixes its examples itself`,
    );
  const [widthX, widthY] = [widthOf(shards.x), widthOf(shards.y)];
  const x = arrayFor(shards.x, places.length * widthX);
  const y = arrayFor(shards.y, places.length * widthY);
  for (const window of wanted.values()) {
    const next = prefetch ? windows.after(window) : [];
    const { rows, order } = await windows.get(window, next);
    for (const [at, place] of places.entries()) {
      if (place.window !== window.window || place.epoch !== window.epoch) continue;
      const row = order[place.row] as number;
      x.set(rows.x.subarray(row * widthX, (row + 1) * widthX), at * widthX);
      y.set(rows.y.subarray(row * widthY, (row + 1) * widthY), at * widthY);
    }
    for (const ahead of next) void windows.get(ahead, [window]).catch(() => undefined);
  }
  return { x, y };
}

/**
 * A dataset of examples in parts. Example i is the i-th of the epoch.
 * @throws {ArgumentError} where not one part fits into the memory that is given, with the least that does.
 */
export function streamed(shards: Shards, options: StreamOptions = {}): StreamedDataset {
  const {
    seed = 0,
    shuffle = true,
    memory = usualMemory,
    prefetch = true,
    device = defaultDevice(),
    examples,
    digest,
  } = checkOptions('streamed', options, streamRules);
  const whole = shards.parts.reduce((sum, rows) => sum + rows, 0);
  const size = examples ?? whole;
  const mostRows = Math.floor(memory / shares / rowBytesOf(shards));
  const least = leastMemory(shards);
  if (memory < least)
    throw new ArgumentError(
      'streamed',
      `${shards.name}: its largest part takes ${least / shares} bytes, and three of that are held: ${memory} bytes of memory are too few; give at least ${least}, or make smaller parts`,
    );
  const windows = new Windows(shards, { seed, shuffles: shuffle, mostRows });
  let [epoch, position] = [0, 0];

  const placeOf = (index: number): Place => {
    const given = epoch * size + index;
    const own = Math.floor(given / whole);
    const window = windows.at(own, given - own * whole);
    return { epoch: own, window, row: given - own * whole - (windows.of(own)[window] as Window).start };
  };

  return {
    ...dataset({
      size,
      load: async (indices) => {
        const first = indices[0] ?? 0;
        if (first < position && indices.length > 0) epoch++;
        position = (indices.at(-1) ?? first - 1) + 1;
        const { x, y } = await gather(shards, windows, Array.from(indices, placeOf), prefetch);
        return {
          x: fromTyped(x, [indices.length, ...shards.x.shape], { device }),
          y: fromTyped(y, [indices.length, ...shards.y.shape], { device }),
        };
      },
      prepare: ({ x, y }) => ({ x: x as Tensor, y: y as Tensor }),
    }),
    order: {
      // Other windows are another order.
      key: JSON.stringify({ seed, shuffle, rows: mostRows, parts: shards.parts.length, whole, digest }),
      begin: (number) => {
        [epoch, position] = [check('begin', 'epoch', number, aCount), 0];
      },
    },
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
