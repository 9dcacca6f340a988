/**
 * Gradients of filters as dot products of planes: the lanes of a vector are neighbouring pixels, so that neither operand is
 * packed. For filters of few channels, of which panels would be mostly packing.
 *
 * Rounding: a lane adds up at most `blockVectors` products before its block is added to the result in f32.
 */
import {
  f32,
  i32,
  laneOp,
  memoryOp,
  op,
  shuffle32,
  type Callable,
  type Expression,
  type Local,
} from '../assembler/expression.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Products } from '../gemm/multiply.ts';

/** Vectors of pixels of a block. */
export const blockVectors = 256;

/** Most outputs and taps whose sums fit 15 vector registers together with what is loaded at once. */
export const laneTiles = [
  { outputs: 2, taps: 4 },
  { outputs: 1, taps: 6 },
] as const;

/** What one function computes, in bytes but for counts. */
export interface LaneSums {
  readonly outputs: number;
  readonly taps: number;
  /** Rows of vectors of gradients, one behind the other. */
  readonly rows: number;
  readonly vectors: number;
  /** From the end of a row to the next in the frame of the image. */
  readonly gap: number;
  /** From plane to plane of the gradients. */
  readonly planeStep: number;
  /** From the filter of one output to that of the next. */
  readonly filterStep: number;
}

const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);
const add = (a: Expression, b: Expression): Expression => op('i32.add', a, b);

/**
 * Adds `name(frame, gradients, filter, tapTable, tiles, accumulate)`, for taps whose byte offsets in the frame a table has, and
 * whose weights are adjacent in the filter.
 */
export function addLaneSums(module: ModuleBuilder, name: string, plan: LaneSums, products: Products): Callable {
  const { outputs, taps, rows, vectors, gap, planeStep, filterStep } = plan;
  const f = module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32']);
  const [frame, gradients, filter, tapTable, count, accumulate] = f.arguments;
  const pointers = Array.from({ length: taps }, () => f.local('i32'));
  const sums = Array.from({ length: outputs * taps }, () => f.local('v128'));
  const gradient = f.local('i32');
  const rowEnd = f.local('i32');
  const left = f.local('i32');
  const adds = f.local('i32');
  // Rows that have no gaps between them are one.
  const isFlat = gap === 0;
  const [steps, all] = isFlat
    ? [blockVectors, rows * vectors]
    : [Math.max(1, Math.floor(blockVectors / vectors)), rows];

  const row = (): void =>
    f.loop((again) => {
      const factors = Array.from({ length: outputs }, (_, o) => f.let(load(gradient, o * planeStep)));
      for (const [t, pointer] of pointers.entries()) {
        const pixels = f.let(load(pointer));
        for (const [o, factor] of factors.entries()) {
          const sum = sums[o * taps + t] as Local;
          f.set(sum, products.addProduct(sum, factor, pixels));
        }
        f.increase(pointer, 16);
      }
      f.increase(gradient, 16);
      f.branchIf(again, op('i32.lt_u', gradient, rowEnd));
    });
  const rowOf = (bytes: Expression): void => {
    f.set(rowEnd, add(gradient, bytes));
    row();
    for (const pointer of pointers) f.increase(pointer, gap);
  };

  f.repeat(count, () => {
    for (const [t, pointer] of pointers.entries()) f.set(pointer, add(frame, memoryOp('i32.load', t * 4, [tapTable])));
    f.increase(tapTable, taps * 4);
    f.set(gradient, gradients);
    f.set(adds, accumulate);
    f.set(left, i32(all));
    f.loop((again) => {
      const now = f.let(left);
      f.if(op('i32.gt_s', now, i32(steps)), () => f.set(now, i32(steps)));
      for (const sum of sums) f.set(sum, op('f32x4.splat', f32(0)));
      if (isFlat) rowOf(op('i32.shl', now, i32(4)));
      else f.repeat(now, () => rowOf(i32(vectors * 16)));
      store();
      f.set(adds, i32(1));
      f.increase(left, op('i32.sub', i32(0), now));
      f.branchIf(again, op('i32.gt_s', left, i32(0)));
    });
    f.increase(filter, taps * 4);
  });
  return f;

  function store(): void {
    for (let o = 0; o < outputs; o++)
      for (let t = 0; t < taps; t++) {
        const sum = f.let(sumOfLanes(sums[o * taps + t] as Local));
        const place = o * filterStep + t * 4;
        f.if(adds, () => f.set(sum, op('f32.add', sum, memoryOp('f32.load', place, [filter]))));
        f.store('f32.store', filter, sum, place);
      }
  }

  function sumOfLanes(vector: Local): Expression {
    const pairs = f.let(op('f32x4.add', vector, shuffle32(vector, vector, [2, 3, 2, 3])));
    return op('f32.add', laneOp('f32x4.extract_lane', 0, pairs), laneOp('f32x4.extract_lane', 1, pairs));
  }
}
