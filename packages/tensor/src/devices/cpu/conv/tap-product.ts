/**
 * Convolution without patches: sums over taps of filters times what lies so far from each pixel in a frame, for some channels
 * and some vectors of four neighbouring pixels at a time. Vectors of a row may overlap, and so may panels of channels: what is
 * computed twice is stored twice.
 *
 * Rounding: at most `registerDepth` products add up in a register; deeper sums are made of blocks, of which there are no more
 * than are left of so many roundings. So the error is at most 512 · 2^-24 of the sum of magnitudes.
 */
import { f32, i32, memoryOp, op, type Callable, type Expression, type Local } from '../assembler/expression.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Products } from '../gemm/multiply.ts';

/** Channels and vectors of four pixels that are computed together. */
export interface TapTile {
  readonly channels: number;
  readonly vectors: number;
}

/** Depth of a sum that stays in registers. */
const registerDepth = 512;
/** Depth of the deepest sums. */
export const mostDepth = 65_536;

/** Depth of the blocks of a sum: even ones, together with whose number there are no more roundings than in registers. */
function blockDepth(depth: number): number {
  const blocks = Math.ceil(depth / (registerDepth - 16));
  return blocks <= 16 ? Math.ceil(depth / blocks) : registerDepth / 2;
}

/** Tiles whose sums, factors and products fit 15 vector registers. */
const tiles: readonly TapTile[] = [
  { channels: 4, vectors: 2 },
  { channels: 3, vectors: 2 },
  { channels: 2, vectors: 4 },
  ...[8, 7, 6, 5, 4].map((vectors) => ({ channels: 1, vectors })),
];

/** The tile that computes least in vain, for rows of so many vectors. */
export function chooseTapTile(channels: number, rows: number, vectorsInRow: number): TapTile {
  const work = (tile: TapTile): number => {
    const sums = tile.channels * tile.vectors;
    // Additions and loads, two of each at a time; tiles that meet rows alike need one pointer only.
    const isAlike = vectorsInRow % tile.vectors === 0 || tile.vectors % vectorsInRow === 0;
    const round = Math.max(sums / 2, (tile.channels + tile.vectors) / 2) + (isAlike ? 0 : tile.vectors / 16) + 0.25;
    return Math.ceil(channels / tile.channels) * Math.ceil((rows * vectorsInRow) / tile.vectors) * round;
  };
  return tiles
    .filter((tile) => tile.channels <= channels)
    .reduce((best, tile) => (work(tile) < work(best) ? tile : best));
}

/** What one function computes. */
export interface TapProduct {
  readonly tile: TapTile;
  /** Channels of the result, at least those of a tile. */
  readonly channels: number;
  /** Taps of all planes. */
  readonly depth: number;
  /** Bytes from channel to channel of the result. */
  readonly channelStep: number;
  /** How far all vectors of a tile are from its first in frame and result, in bytes, where that is so for every tile. */
  readonly apart: readonly (readonly [frame: number, result: number])[] | undefined;
  /** Bytes from the place of one depth to that of the next, where they are all alike. */
  readonly depthStep: number | undefined;
}

/** Words of an entry of the table of tiles: where vectors lie in frame and result, and which depths are not all zeros. */
export function tileWords({ apart, tile }: Pick<TapProduct, 'apart' | 'tile'>): number {
  return (apart ? 2 : 2 * tile.vectors) + 2;
}

/** Panels of filters. */
export function panelsOf({ channels, tile }: Pick<TapProduct, 'channels' | 'tile'>): number {
  return Math.ceil(channels / tile.channels);
}

const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);
const word = (address: Expression, offset = 0): Expression => memoryOp('i32.load', offset, [address]);
const add = (a: Expression, b: Expression | number): Expression => op('i32.add', a, typeof b === 'number' ? i32(b) : b);

/**
 * Adds `name(frame, filters, result, tileTable, tiles, depthTable, edge)`: filters are packed as [panels, depth, channels
 * of a tile], the depth table has a byte offset for each depth, and `edge` is room for a tile.
 */
export function addTapProduct(module: ModuleBuilder, name: string, product: TapProduct, products: Products): Callable {
  const { tile, channels, depth, channelStep, apart, depthStep } = product;
  const f = module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [frame, filters, result, tileTable, count, depthTable, edge] = f.arguments;
  const places = Array.from({ length: apart ? 1 : tile.vectors }, () => f.local('i32'));
  const targets = places.map(() => f.local('i32'));
  const sums = Array.from({ length: tile.channels * tile.vectors }, () => f.local('v128'));
  const panel = f.local('i32');
  const filter = f.local('i32');
  const channel = f.local('i32');
  const entry = f.local('i32');
  const [first, end, blockEnd] = [f.local('i32'), f.local('i32'), f.local('i32')];
  const isDeep = depth > registerDepth;
  const lastChannel = f.let(add(result, (channels - tile.channels) * channelStep));
  const ranges = places.length * 8;
  const placeOf = (vector: number): readonly [Local, number] =>
    apart ? [places[0] as Local, apart[vector]?.[0] ?? 0] : [places[vector] as Local, 0];
  const targetOf = (vector: number): readonly [Local, number] =>
    apart ? [targets[0] as Local, apart[vector]?.[1] ?? 0] : [targets[vector] as Local, 0];

  /** Depths up to an entry of the table, where that is read; else up to an end of the filters. */
  const multiply = (until: Local): void => {
    const at = f.local('i32');
    const pointers = places.map(() => f.local('i32'));
    const filterEnd = f.local('i32');
    const move = (distance: Expression): void => {
      for (const [v, place] of places.entries()) f.set(pointers[v] as Local, add(place, distance));
    };
    if (depthStep !== undefined) {
      move(word(entry));
      f.set(filterEnd, add(filter, op('i32.mul', op('i32.sub', until, entry), i32(tile.channels))));
      f.set(entry, until);
    }
    f.loop((again) => {
      if (depthStep === undefined) {
        f.set(at, word(entry));
        move(at);
      }
      const pixels = (v: number): Expression =>
        apart ? load(pointers[0] as Local, placeOf(v)[1]) : load(pointers[v] as Local);
      const weight = (r: number): Expression => memoryOp('v128.load32_splat', r * 4, [filter]);
      const addProduct = (r: number, v: number, a: Local, b: Local): void => {
        const sum = sums[r * tile.vectors + v] as Local;
        f.set(sum, products.addProduct(sum, a, b));
      };
      if (tile.channels >= tile.vectors) {
        const vectors = Array.from({ length: tile.vectors }, (_, v) => f.let(pixels(v)));
        for (let r = 0; r < tile.channels; r++) {
          const a = f.let(weight(r));
          for (const [v, b] of vectors.entries()) addProduct(r, v, a, b);
        }
      } else {
        const weights = Array.from({ length: tile.channels }, (_, r) => f.let(weight(r)));
        for (let v = 0; v < tile.vectors; v++) {
          const b = f.let(pixels(v));
          for (const [r, a] of weights.entries()) addProduct(r, v, a, b);
        }
      }
      f.increase(filter, tile.channels * 4);
      if (depthStep === undefined) f.increase(entry, 4);
      else for (const pointer of pointers) f.increase(pointer, depthStep);
      const [now, last] = depthStep === undefined ? [entry, until] : [filter, filterEnd];
      f.branchIf(again, op('i32.lt_u', now, last));
    });
  };
  const clear = (): void => {
    for (const sum of sums) f.set(sum, op('f32x4.splat', f32(0)));
  };

  f.repeat(count, () => {
    for (const [v, place] of places.entries()) {
      f.set(place, add(frame, word(tileTable, v * 8)));
      f.set(targets[v] as Local, word(tileTable, v * 8 + 4));
    }
    f.set(first, word(tileTable, ranges));
    f.set(end, word(tileTable, ranges + 4));
    f.increase(tileTable, tileWords(product) * 4);
    f.set(panel, filters);
    f.set(channel, result);
    f.repeat(panelsOf(product), () => {
      clear();
      f.set(entry, add(depthTable, first));
      f.set(filter, add(panel, op('i32.mul', first, i32(tile.channels))));
      if (isDeep) inBlocks();
      else {
        f.set(blockEnd, add(depthTable, end));
        f.if(op('i32.lt_u', first, end), () => multiply(blockEnd));
      }
      storeSums();
      f.increase(panel, depth * tile.channels * 4);
      f.increase(channel, tile.channels * channelStep);
      if (channels % tile.channels !== 0) f.if(op('i32.gt_u', channel, lastChannel), () => f.set(channel, lastChannel));
    });
  });
  return f;

  /** Sums of all blocks but the last wait in `edge`. */
  function inBlocks(): void {
    const last = f.let(add(depthTable, end));
    const waiting = f.let(i32(0));
    const join = (): void =>
      f.if(waiting, () => {
        for (const [i, sum] of sums.entries()) f.set(sum, op('f32x4.add', load(edge, i * 16), sum));
      });
    f.block((done) =>
      f.loop((again) => {
        f.branchIf(done, op('i32.ge_u', entry, last));
        f.set(blockEnd, add(entry, blockDepth(depth) * 4));
        f.if(op('i32.gt_u', blockEnd, last), () => f.set(blockEnd, last));
        multiply(blockEnd);
        f.branchIf(done, op('i32.ge_u', entry, last));
        join();
        for (const [i, sum] of sums.entries()) f.store('v128.store', edge, sum, i * 16);
        clear();
        f.set(waiting, i32(1));
        f.branchIf(again, i32(1));
      }),
    );
    join();
  }

  function storeSums(): void {
    const row = f.let(channel);
    for (let r = 0; r < tile.channels; r++) {
      for (let v = 0; v < tile.vectors; v++) {
        const [target, offset] = targetOf(v);
        f.store('v128.store', add(row, target), sums[r * tile.vectors + v] as Local, offset);
      }
      if (r < tile.channels - 1) f.increase(row, channelStep);
    }
  }
}

/** Filters of one panel after the other. */
export interface TapFilters {
  readonly tile: TapTile;
  readonly channels: number;
  readonly depth: number;
  /** Bytes from the filter of one channel to that of the next. */
  readonly channelStep: number;
}

/**
 * Adds `name(filters, target, depthTable, flags)`: packs filters whose depths lie at the byte offsets of a table, and swaps the
 * two i32 at `flags`, 1 and 0, if a weight is not finite.
 */
export function addFilterPack(
  module: ModuleBuilder,
  name: string,
  { tile, channels, depth, channelStep }: TapFilters,
): Callable {
  const f = module.function(name, ['i32', 'i32', 'i32', 'i32'], 'none', true);
  const [filters, target, depthTable, flags] = f.arguments;
  const zeros = Array.from({ length: tile.channels }, () => f.let(f32(0)));
  const [entry, from] = [f.local('i32'), f.local('i32')];
  const last = f.let(add(filters, (channels - tile.channels) * channelStep));
  f.repeat(Math.ceil(channels / tile.channels), () => {
    f.set(entry, depthTable);
    f.repeat(depth, () => {
      f.set(from, add(filters, word(entry)));
      for (const [r, zero] of zeros.entries()) {
        const weight = f.let(memoryOp('f32.load', r * channelStep, [from]));
        f.set(zero, op('f32.add', zero, op('f32.mul', weight, f32(0))));
        f.store('f32.store', target, weight, r * 4);
      }
      f.increase(entry, 4);
      f.increase(target, tile.channels * 4);
    });
    f.increase(filters, tile.channels * channelStep);
    if (channels % tile.channels !== 0) f.if(op('i32.gt_u', filters, last), () => f.set(filters, last));
  });
  for (const zero of zeros)
    f.if(op('f32.ne', zero, zero), () => {
      f.store('i32.store', flags, i32(0));
      f.store('i32.store', flags, i32(1), 4);
    });
  return f;
}
