/**
 * Rows of x as whole numbers of 31 bits, in two planes of i16, so that a product with small codes sums in i32 with
 * `i32x4.dot_i16x8_s`, eight products an instruction.
 *
 * A block of columns shares a scale, the power of two that takes its largest magnitude below 2^30. What is rounded off is at
 * most 2^-31 of that magnitude. That is more than 2^-16 of an element itself only if the element is below 2^-15 of the
 * largest; what such elements lose is added to the product column by column.
 */
import {
  call,
  f32,
  f64,
  i32,
  memoryOp,
  op,
  select,
  shuffle32,
  v128,
  type Callable,
  type Expression,
  type Local,
} from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { onceAnEngine } from '../once-an-engine.ts';
import { transpose4 } from '../gemm/pack.ts';
import { apartBytes } from './columns-apart.ts';
import { largestOf } from './rounding.ts';

/** Where a row of x goes, and what became of it. */
export const stateOf = {
  /** How many columns stand apart. */
  apart: 0,
  /** Whether all rows so far had planes, and whether one had none: i32, of which one is 1. */
  fits: 4,
  fails: 8,
  bytes: 16,
} as const;

/** How planes lie in memory. */
export interface PlaneLayout {
  /** (state): before the first row. */
  readonly start: WasmFunction;
  /**
   * (x, planes, scales, list, state, count, block, most, tail): splits the first `count` columns of a row, with a scale for
   * each block of columns. What elements have lost goes to a list of columns apart, and so do all of the `tail` columns after
   * those. A row that loses more elements than `most`, or has numbers for which there are no planes, fails.
   */
  readonly split: WasmFunction;
}

/** The layouts of one engine. */
export interface PlaneKernels {
  /** Chunks of 8 columns in order. A block has a scale in f64; with `inFours` and `inGroups` two, of either plane in f32. */
  readonly inOrder: PlaneLayout;
  /** The same of 16 columns, of which the even ones stand before the odd ones. */
  readonly inPairs: PlaneLayout;
  /** Chunks of 32 columns, of which every fourth stand together. */
  readonly inFours: PlaneLayout;
  /** The same of blocks of four groups: a chunk is 8 columns of each, and a lane of i32 has those of one group. */
  readonly inGroups: PlaneLayout;
}

/** Compiles the functions once an engine. */
export const planeKernels: (engine: Engine) => PlaneKernels = onceAnEngine((engine) => {
  const { module } = engine.module();
  const inOrder = addSplit(module, 'chunks of 8', 2, [0], (_, vectors) => vectors);
  const inPairs = addSplit(module, 'chunks of 16', 4, [0], (_, [a, b, c, d]) =>
    [0, 1].flatMap((odd) => [
      shuffle32(a as Local, b as Local, [odd, 2 + odd, 4 + odd, 6 + odd]),
      shuffle32(c as Local, d as Local, [odd, 2 + odd, 4 + odd, 6 + odd]),
    ]),
  );
  const inFours = addSplit(module, 'chunks of 32', 8, [0], (f, vectors) =>
    inFoursOf(f, vectors.slice(0, 4), vectors.slice(4)),
  );
  const inGroups = addSplit(module, 'chunks of groups', 8, [0, 1, 2, 3], (f, vectors) => {
    const [even, odd] = [0, 1].map((half) => vectors.filter((_, place) => place % 2 === half)) as [Local[], Local[]];
    const columns = inFoursOf(f, even, odd).map((each) => f.let(each));
    return columns.flatMap((own, place) => {
      if (place % 2 === 1) return [];
      const other = columns[place + 1] as Local;
      return [shuffle32(own, other, [0, 4, 1, 5]), shuffle32(own, other, [2, 6, 3, 7])];
    });
  });
  addStart(module);
  for (const [name, split, chunk] of [['inOrder', inOrder, 8] as const, ['inPairs', inPairs, 16] as const])
    addSplitRow(module, name, split, chunk, (f, scales, scale) => {
      f.store('f64.store', scales, op('f64.promote_f32', scale));
    });
  for (const [name, split] of [['inFours', inFours] as const, ['inGroups', inGroups] as const])
    addSplitRow(module, name, split, 32, (f, scales, scale) => {
      f.store('f32.store', scales, op('f32.mul', scale, f32(65536)));
      f.store('f32.store', scales, scale, 4);
    });
  const functions = engine.instantiate(module) as Readonly<Record<'start' | keyof PlaneKernels, WasmFunction>>;
  const layoutOf = (name: keyof PlaneKernels): PlaneLayout => ({ start: functions.start, split: functions[name] });
  return {
    inOrder: layoutOf('inOrder'),
    inPairs: layoutOf('inPairs'),
    inFours: layoutOf('inFours'),
    inGroups: layoutOf('inGroups'),
  };
});

/** The columns of two blocks of 4 by 4 in turns. */
function inFoursOf(f: FunctionBuilder, first: readonly Local[], second: readonly Local[]): Expression[] {
  const others = transpose4(f, second);
  return transpose4(f, first).flatMap((column, place) => [column, others[place] as Expression]);
}

/** Scaled elements below this have lost too much. */
const least = 2 ** 15;
/** Largest magnitudes of blocks for which every scale and product of scales is a normal number. */
const [smallestBlock, largestBlock] = [2 ** -90, 2 ** 90];

/** Bytes of the scales of a block. */
const scaleBytes = 8;

function addStart(module: ModuleBuilder): void {
  const f = module.function('start', ['i32'], 'none', true);
  const [state] = f.arguments;
  f.store('i32.store', state, i32(0), stateOf.apart);
  f.store('i32.store', state, i32(1), stateOf.fits);
  f.store('i32.store', state, i32(0), stateOf.fails);
}

function addSplitRow(
  module: ModuleBuilder,
  name: string,
  splitChunks: Callable,
  chunk: number,
  storeScale: (f: FunctionBuilder, scales: Local, scale: Local) => void,
): void {
  const f = module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [x, planes, scales, list, state, count, block, most, tail] = f.arguments;
  const [column, apart, fails] = [f.let(i32(0)), f.let(i32(0)), f.let(i32(0))];
  const putApart = (value: Expression): void => {
    f.store('i32.store', list, column);
    f.store('f64.store', list, value, 8);
    f.increase(list, apartBytes);
    f.increase(apart, 1);
  };
  f.block((end) => {
    f.loop((again) => {
      f.branchIf(end, op('i32.le_s', count, i32(0)));
      const columns = f.let(select(op('i32.lt_s', count, block), count, block));
      const magnitude = f.let(largestOf(f, x, columns));
      const isZero = f.let(op('f32.eq', magnitude, f32(0)));
      const isInside = op(
        'i32.and',
        op('f32.gt', magnitude, f32(smallestBlock)),
        op('f32.lt', magnitude, f32(largestBlock)),
      );
      f.set(fails, op('i32.eqz', op('i32.or', isZero, isInside)));
      f.branchIf(end, fails);
      // With the exponent e of the magnitude: 2^(29 - e), and the scale that takes it back.
      const biased = f.let(op('i32.shr_u', op('i32.reinterpret_f32', magnitude), i32(23)));
      const power = (exponent: Expression): Expression =>
        select(isZero, f32(1), op('f32.reinterpret_i32', op('i32.shl', exponent, i32(23))));
      const up = f.let(power(op('i32.sub', i32(29 + 2 * 127), biased)));
      const down = f.let(power(op('i32.sub', biased, i32(29))));
      storeScale(f, scales, down);
      // Of a block of four groups each begins a quarter of its bytes, as many as its columns, after the one before.
      const lost = call(splitChunks, x, planes, up, op('i32.div_u', columns, i32(chunk)), block);
      const first = f.let(column);
      f.if(lost, () => {
        const from = f.let(x);
        f.repeat(columns, () => {
          const value = f.let(memoryOp('f32.load', 0, [from]));
          const wide = op('f64.promote_f32', value);
          const scaled = f.let(op('f64.mul', wide, op('f64.promote_f32', up)));
          const isSmall = op('f64.lt', op('f64.abs', scaled), f64(least));
          f.if(op('i32.and', op('f32.ne', value, f32(0)), isSmall), () => {
            f.set(fails, op('i32.eq', apart, most));
            f.branchIf(end, fails);
            const kept = op('f64.mul', op('f64.nearest', scaled), op('f64.promote_f32', down));
            putApart(op('f64.sub', wide, kept));
          });
          f.increase(column, 1);
          f.increase(from, 4);
        });
      });
      f.set(column, op('i32.add', first, columns));
      const bytes = f.let(op('i32.shl', columns, i32(2)));
      f.increase(x, bytes);
      f.increase(planes, bytes);
      f.increase(scales, scaleBytes);
      f.increase(count, op('i32.sub', i32(0), columns));
      f.branchIf(again, i32(1));
    });
  });
  f.if(
    fails,
    () => {
      f.store('i32.store', state, i32(0), stateOf.fits);
      f.store('i32.store', state, i32(1), stateOf.fails);
    },
    () => {
      f.repeat(tail, () => {
        putApart(op('f64.promote_f32', memoryOp('f32.load', 0, [x])));
        f.increase(column, 1);
        f.increase(x, 4);
      });
      f.store('i32.store', state, apart, stateOf.apart);
    },
  );
}

/**
 * Adds `name(x, planes, up, chunks, runStep)`: for each chunk of `vectors` · 4 columns, in the order in which `arrange` puts
 * its whole numbers, 8 upper halves, then their 8 lower halves, which are signed. Returns whether elements have lost much.
 * The columns of a chunk come from as many runs as there are in `runs`, that many times `runStep` bytes from x on.
 */
function addSplit(
  module: ModuleBuilder,
  name: string,
  vectors: number,
  runs: readonly number[],
  arrange: (f: FunctionBuilder, whole: readonly Local[]) => readonly Expression[],
): Callable {
  const f = module.function(name, ['i32', 'i32', 'f32', 'i32', 'i32'], 'i32');
  const [x, planes, up, chunks, runStep] = f.arguments;
  const perRun = vectors / runs.length;
  const pointers = runs.map((run) => f.let(run === 0 ? x : op('i32.add', x, op('i32.mul', runStep, i32(run)))));
  const scale = f.let(op('f32x4.splat', up));
  const small = f.let(op('f32x4.splat', f32(least)));
  const none = f.let(v128([0, 0, 0, 0]));
  const half = f.let(op('i32x4.splat', i32(0x8000)));
  const lost = f.let(none);
  f.repeat(chunks, () => {
    const whole = Array.from({ length: vectors }, (_, vector) => {
      const from = pointers[Math.floor(vector / perRun)] as Local;
      const scaled = f.let(op('f32x4.mul', memoryOp('v128.load', (vector % perRun) * 16, [from]), scale));
      const isSmall = op('f32x4.lt', op('f32x4.abs', scaled), small);
      f.set(lost, op('v128.or', lost, op('v128.andnot', isSmall, op('f32x4.eq', scaled, none))));
      return f.let(op('i32x4.trunc_sat_f32x4_s', op('f32x4.nearest', scaled)));
    });
    const arranged = arrange(f, whole).map((each) => f.let(each));
    for (let pair = 0; pair < vectors; pair += 2) {
      const two = arranged.slice(pair, pair + 2) as [Local, Local];
      const upper = two.map((each) => f.let(op('i32x4.shr_s', op('i32x4.add', each, half), i32(16)))) as [Local, Local];
      const lower = two.map((each, index) =>
        op('i32x4.sub', each, op('i32x4.shl', upper[index] as Local, i32(16))),
      ) as [Expression, Expression];
      f.store('v128.store', planes, op('i16x8.narrow_i32x4_s', ...upper), pair * 16);
      f.store('v128.store', planes, op('i16x8.narrow_i32x4_s', ...lower), pair * 16 + 16);
    }
    for (const pointer of pointers) f.increase(pointer, perRun * 16);
    f.increase(planes, vectors * 16);
  });
  f.return(op('v128.any_true', lost));
  return f;
}
