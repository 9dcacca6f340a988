/** Copies the planes of an image into a frame of zeros, with gaps between the pixels where a stride asks for them. */
import { f32, i32, memoryOp, op } from '../assembler/expression.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';

/** How an image is placed in its frame; row and column numbers may be negative, which crops. */
export interface Spread {
  readonly planes: number;
  readonly size: readonly [height: number, width: number];
  readonly frame: readonly [height: number, width: number];
  /** Where pixel (0, 0) goes. */
  readonly origin: readonly [row: number, column: number];
  readonly step: readonly [row: number, column: number];
}

/** Bytes of the frame. */
export function frameBytes({ planes, frame }: Spread): number {
  return planes * frame[0] * frame[1] * 4;
}

/** The pixels `[first, last)` of `size` that fall inside the frame. */
function visible(size: number, frame: number, origin: number, step: number): readonly [first: number, last: number] {
  const first = Math.max(0, Math.ceil(-origin / step));
  return [first, Math.max(first, Math.min(size, Math.ceil((frame - origin) / step)))];
}

/** Adds `name(source, target)` for one placement. */
export function addSpread(module: ModuleBuilder, name: string, { planes, size, frame, origin, step }: Spread): void {
  const f = module.function(name, ['i32', 'i32'], 'none', true);
  const [source, target] = [f.argument(0), f.argument(1)];
  const [firstRow, lastRow] = visible(size[0], frame[0], origin[0], step[0]);
  const [firstColumn, lastColumn] = visible(size[1], frame[1], origin[1], step[1]);
  const columns = lastColumn - firstColumn;
  const zero = f.let(target);
  const words = planes * frame[0] * frame[1];
  f.repeat(words >> 2, () => {
    f.store('v128.store', zero, op('f32x4.splat', f32(0)));
    f.increase(zero, 16);
  });
  for (let i = 0; i < (words & 3); i++) f.store('f32.store', zero, f32(0), i * 4);

  const from = f.let(op('i32.add', source, i32((firstRow * size[1] + firstColumn) * 4)));
  const to = f.let(
    op('i32.add', target, i32(((origin[0] + firstRow * step[0]) * frame[1] + origin[1] + firstColumn * step[1]) * 4)),
  );
  f.repeat(planes, () => {
    f.repeat(lastRow - firstRow, () => {
      copyRow();
      f.increase(from, (size[1] - columns) * 4);
      f.increase(to, (step[0] * frame[1] - columns * step[1]) * 4);
    });
    f.increase(from, (size[0] - (lastRow - firstRow)) * size[1] * 4);
    f.increase(to, (frame[0] - (lastRow - firstRow) * step[0]) * frame[1] * 4);
  });

  function copyRow(): void {
    const vectors = step[1] === 1 ? columns >> 2 : 0;
    f.repeat(vectors, () => {
      f.store('v128.store', to, memoryOp('v128.load', 0, [from]));
      f.increase(from, 16);
      f.increase(to, 16);
    });
    f.repeat(columns - vectors * 4, () => {
      f.store('f32.store', to, memoryOp('f32.load', 0, [from]));
      f.increase(from, 4);
      f.increase(to, step[1] * 4);
    });
  }
}
