/**
 * In which order a stream gives its examples: parts are shuffled, as many as memory holds are a window, and the examples of a window are
 * shuffled together. It is a function of seed and epoch, so that a place in it is two numbers.
 */
import { inOrder, shuffled } from '@espalier/nn';

/** Parts that are held in memory together. */
export interface Window {
  /** The place of its first example in the epoch. */
  readonly start: number;
  readonly rows: number;
  /** Its parts, in order. */
  readonly parts: readonly number[];
}

/** The windows of an epoch: consecutive parts of its order, of at most so many rows together. */
export function windowsOf(parts: readonly number[], order: Int32Array, mostRows: number): readonly Window[] {
  const windows: { start: number; rows: number; parts: number[] }[] = [];
  let start = 0;
  for (const part of order) {
    const rows = parts[part] as number;
    const last = windows.at(-1);
    if (last && last.rows + rows <= mostRows) {
      last.rows += rows;
      last.parts.push(part);
    } else windows.push({ start, rows, parts: [part] });
    start += rows;
  }
  return windows;
}

/** The order of parts in an epoch. */
export function partOrder(parts: number, seed: number, epoch: number, shuffles: boolean): Int32Array {
  return shuffles ? shuffled(parts, seed, 'stream/parts', epoch) : inOrder(parts);
}

/** The order of the rows of a window. */
export function rowOrder(rows: number, seed: number, epoch: number, window: number, shuffles: boolean): Int32Array {
  return shuffles ? shuffled(rows, seed, `stream/rows/${epoch}`, window) : inOrder(rows);
}
