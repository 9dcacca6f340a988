/**
 * Gradients of filters as sums over pixels: what some taps see of a pixel, each in all lanes, times its gradients of eight
 * outputs. Only those are packed, an eighth of a panel of patches at most: taps find their pixels in the frame of the image.
 *
 * Rounding: a register adds up the pixels of one call, before its sum is added to the result in f32.
 */
import { f32, i32, memoryOp, op, type Callable, type Expression, type Local } from '../assembler/expression.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Products } from '../gemm/multiply.ts';
import { transpose4 } from '../gemm/pack.ts';

/** Taps and outputs whose sums, factors and products fit 15 vector registers. */
export const tapsTogether = 4;
export const outputsTogether = 8;

/** Bytes of the sums of a tile. */
export const tileBytes: number = tapsTogether * outputsTogether * 4;

const vectors = outputsTogether / 4;
const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);
const word = (address: Expression, offset = 0): Expression => memoryOp('i32.load', offset, [address]);
const add = (a: Expression, b: Expression | number): Expression => op('i32.add', a, typeof b === 'number' ? i32(b) : b);

/**
 * Adds `name(frame, gradients, sums, tapTable, tiles, pixelTable, pixels, accumulate)`: tables have byte offsets in the frame,
 * gradients are packed as [panels, pixels, outputs of a tile], sums are [tiles, panels, taps, outputs] of tiles.
 */
export function addPixelSums(module: ModuleBuilder, name: string, panels: number, products: Products): Callable {
  const f = module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [frame, gradients, result, tapTable, tiles, pixelTable, pixels, accumulate] = f.arguments;
  const taps = Array.from({ length: tapsTogether }, () => f.local('i32'));
  const sums = Array.from({ length: tapsTogether * vectors }, () => f.local('v128'));
  const [taken, target, gradient, pixel] = [f.local('i32'), f.local('i32'), f.local('i32'), f.local('i32')];
  const end = f.let(add(pixelTable, op('i32.shl', pixels, i32(2))));
  f.repeat(panels, () => {
    f.set(taken, tapTable);
    f.set(target, result);
    f.repeat(tiles, () => {
      for (const [t, tap] of taps.entries()) f.set(tap, add(frame, word(taken, t * 4)));
      for (const sum of sums) f.set(sum, op('f32x4.splat', f32(0)));
      f.set(gradient, gradients);
      f.set(pixel, pixelTable);
      sumUp();
      const store = (value: (sum: Local, at: number) => Expression): void => {
        for (const [i, sum] of sums.entries()) f.store('v128.store', target, value(sum, i * 16), i * 16);
      };
      f.if(
        accumulate,
        () => store((sum, at) => op('f32x4.add', load(target, at), sum)),
        () => store((sum) => sum),
      );
      f.increase(taken, tapsTogether * 4);
      f.increase(target, panels * tileBytes);
    });
    f.increase(result, tileBytes);
    f.set(gradients, gradient);
  });
  return f;

  function sumUp(): void {
    const at = f.local('i32');
    f.loop((again) => {
      f.set(at, word(pixel));
      const factors = Array.from({ length: vectors }, (_, v) => f.let(load(gradient, v * 16)));
      for (const [t, tap] of taps.entries()) {
        const seen = f.let(memoryOp('v128.load32_splat', 0, [add(tap, at)]));
        for (const [v, factor] of factors.entries()) {
          const sum = sums[t * vectors + v] as Local;
          f.set(sum, products.addProduct(sum, seen, factor));
        }
      }
      f.increase(gradient, outputsTogether * 4);
      f.increase(pixel, 4);
      f.branchIf(again, op('i32.lt_u', pixel, end));
    });
  }
}

/**
 * Adds `name(sums, filters, taps)`: puts the sums of so many taps, from a whole tile on, where the filters have them, whose
 * outputs are `filterStep` bytes apart.
 */
export function addPlacingSums(module: ModuleBuilder, name: string, outputs: number, filterStep: number): void {
  const f = module.function(name, ['i32', 'i32', 'i32'], 'none', true);
  const [sums, filters, taps] = f.arguments;
  const [left, filter, sum] = [f.let(taps), f.local('i32'), f.local('i32')];
  /** Goes through the panels of a tile. */
  const panels = (panel: (count: number) => void): void => {
    f.set(filter, filters);
    f.repeat(Math.floor(outputs / outputsTogether), () => panel(outputsTogether));
    if (outputs % outputsTogether > 0) panel(outputs % outputsTogether);
  };
  f.repeat(op('i32.shr_u', left, i32(2)), () => {
    panels((count) => {
      for (let at = 0; at < count; at += 4) {
        const rows = Array.from({ length: tapsTogether }, (_, t) => f.let(load(sums, (t * outputsTogether + at) * 4)));
        for (const column of transpose4(f, rows).slice(0, count - at)) {
          f.store('v128.store', filter, column);
          f.increase(filter, filterStep);
        }
      }
      f.increase(sums, tileBytes);
    });
    f.increase(filters, tapsTogether * 4);
  });
  f.repeat(op('i32.and', left, i32(tapsTogether - 1)), () => {
    f.set(sum, sums);
    panels((count) => {
      for (let output = 0; output < count; output++) {
        f.store('f32.store', filter, memoryOp('f32.load', output * 4, [sum]));
        f.increase(filter, filterStep);
      }
      f.increase(sum, tileBytes);
    });
    f.increase(sums, outputsTogether * 4);
    f.increase(filters, 4);
  });
}
