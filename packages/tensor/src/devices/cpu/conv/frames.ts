/**
 * Frames: planes of an image with zeros around them, and where a stride skips pixels, those of each phase of the stride side by
 * side, so that what a tap sees of a row of neighbouring pixels is always adjacent.
 */
import { memoryOp, op, i32, shuffle32, type Callable, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';

/** Frames of all planes of an image: [planes, phases of rows, phases of columns, height, width]. */
export interface Frame {
  readonly planes: number;
  /** Of the image. */
  readonly size: readonly [height: number, width: number];
  /** Of one frame. */
  readonly frame: readonly [height: number, width: number];
  /** Row and column of the image that come first in the frames of each phase; outside of the image there are zeros. */
  readonly starts: readonly [rows: readonly number[], columns: readonly number[]];
  /** Pixels of the image from one of a frame to the next. */
  readonly step: readonly [rows: number, columns: number];
  /** Bytes from the frames of one plane to those of the next. */
  readonly planeStep: number;
}

/** The places `[first, last)` of a frame that are in the image. */
export function inside(size: number, frame: number, start: number, step: number): readonly [number, number] {
  const first = Math.max(0, Math.ceil(-start / step));
  return [first, Math.max(first, Math.min(frame, Math.ceil((size - start) / step)))];
}

/** Adds `name(source, target)`, which copies an image into frames whose zeros are there already. */
export function addFraming(
  module: ModuleBuilder,
  name: string,
  { planes, size, frame, starts, step, planeStep }: Frame,
): Callable {
  const f = module.function(name, ['i32', 'i32'], 'none', true);
  const [source, target] = f.arguments;
  const from = f.local('i32');
  const to = f.local('i32');
  f.repeat(planes, () => {
    for (const [a, row] of starts[0].entries())
      for (const [b, column] of starts[1].entries()) {
        const [top, bottom] = inside(size[0], frame[0], row, step[0]);
        const [left, right] = inside(size[1], frame[1], column, step[1]);
        if (bottom === top || right === left) continue;
        const first = (row + top * step[0]) * size[1] + column + left * step[1];
        const place = ((a * starts[1].length + b) * frame[0] + top) * frame[1] + left;
        f.set(from, op('i32.add', source, i32(first * 4)));
        f.set(to, op('i32.add', target, i32(place * 4)));
        f.repeat(bottom - top, () => {
          copyRow(f, { from, to, count: right - left, fromStep: step[1], toStep: 1 });
          f.increase(from, step[0] * size[1] * 4);
          f.increase(to, frame[1] * 4);
        });
      }
    f.increase(source, size[0] * size[1] * 4);
    f.increase(target, planeStep);
  });
  return f;
}

/** Results of one phase in an image: [planes, height, width] with each row and column of the phase. */
export interface Phase {
  readonly planes: number;
  /** Of the plane of results. */
  readonly grid: readonly [height: number, width: number];
  /** Of the image. */
  readonly size: readonly [height: number, width: number];
  readonly start: readonly [row: number, column: number];
  readonly step: readonly [rows: number, columns: number];
}

/** Adds `name(source, target)`, which puts the results of a phase where they belong in an image. */
export function addPlacing(module: ModuleBuilder, name: string, { planes, grid, size, start, step }: Phase): Callable {
  const f = module.function(name, ['i32', 'i32'], 'none', true);
  const [source, target] = f.arguments;
  const to = f.local('i32');
  f.increase(target, (start[0] * size[1] + start[1]) * 4);
  f.repeat(planes, () => {
    f.set(to, target);
    f.repeat(grid[0], () => {
      copyRow(f, { from: source, to, count: grid[1], fromStep: 1, toStep: step[1] });
      f.increase(source, grid[1] * 4);
      f.increase(to, step[0] * size[1] * 4);
    });
    f.increase(target, size[0] * size[1] * 4);
  });
  return f;
}

/** A row of pixels, so many apart at either side. */
interface Row {
  readonly from: Local;
  readonly to: Local;
  readonly count: number;
  readonly fromStep: number;
  readonly toStep: number;
}

/** Pixels of a row that are written out instead of looped over. */
const written = 64;

/** Copies a row and leaves its pointers where they were. */
function copyRow(f: FunctionBuilder, { from, to, count, fromStep, toStep }: Row): void {
  const isVector = toStep === 1 && fromStep <= 2 && count >= 4;
  const load = (offset: number): Expression => memoryOp('v128.load', offset, [from]);
  // Of every second pixel the last vector ends with the last one: nothing behind a row is read.
  const four = (at: number): Expression =>
    fromStep === 1 ? load(at * 4) : shuffle32(load(at * 8), load(at * 8 + 12), [0, 2, 5, 7]);
  const width = isVector ? 4 : 1;
  const piece = (at: number): void => {
    if (isVector) f.store('v128.store', to, four(at), at * 4);
    else f.store('f32.store', to, memoryOp('f32.load', at * fromStep * 4, [from]), at * toStep * 4);
  };
  const rounds = Math.floor(count / written);
  const before = rounds > 1 ? rounds * written : 0;
  if (before > 0) {
    f.repeat(rounds, () => {
      for (let at = 0; at < written; at += width) piece(at);
      f.increase(from, written * fromStep * 4);
      f.increase(to, written * toStep * 4);
    });
  }
  const rest = count - before;
  for (let at = 0; at + width <= rest; at += width) piece(at);
  // The last vector may overlap the one before it; where it would begin before the row goes on, pointers are behind it.
  if (isVector && rest % 4 !== 0) {
    if (rest >= 4) piece(rest - 4);
    else
      for (let at = 0; at < rest; at++) {
        f.store('f32.store', to, memoryOp('f32.load', at * fromStep * 4, [from]), at * 4);
      }
  }
  f.increase(from, -before * fromStep * 4);
  f.increase(to, -before * toStep * 4);
}
