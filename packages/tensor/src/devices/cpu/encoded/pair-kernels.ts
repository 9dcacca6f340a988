/** WebAssembly functions for 2 of 4: a byte has the places of the four entries of eight columns. */
import { f32, f64, i32, memoryOp, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { sumOfLanes } from '../gemm/dot-rows.ts';
import { forEachVectors, fourValues, vectorCounts } from './vectors.ts';

/** The functions for one kind of values. Steps are in bytes; `bytes` is of places, of so many eights of columns. */
export interface PairKernels {
  /** (places, values, scales, x, y, rows, bytes, valueStep): y[r] = Σ x[column] · value; `bytes` follow each other. */
  readonly dotPairs: WasmFunction;
  /**
   * (places, values, scales, x, y, rows, bytes, placeStep, valueStep, step, accumulate): y[r, ·] (+)= Σ x[column, ·] · value, for
   * `step` bytes of columns.
   */
  readonly dotPairRows: WasmFunction;
}

type Values = 'f32' | 'int8';

const built = new WeakMap<Engine, Map<Values, PairKernels>>();

/** Compiles the functions once an engine. */
export function pairKernels(engine: Engine, values: Values): PairKernels {
  const known = built.get(engine) ?? new Map<Values, PairKernels>();
  built.set(engine, known);
  let kernels = known.get(values);
  if (kernels === undefined) {
    const { module } = engine.module();
    addDotPairs(module, values, keepMasks(engine));
    addDotPairRows(module, values);
    kernels = engine.instantiate(module) as unknown as PairKernels;
    known.set(values, kernels);
  }
  return kernels;
}

/** Rows side by side. */
const rowsTogether = 2;
/** Bytes of places whose products add up in f32. */
const placeBlock = 64;

const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);
const byteAt = (address: Expression): Expression => memoryOp('i32.load8_u', 0, [address]);
const bytesOf = (values: Values): number => (values === 'f32' ? 4 : 1);

/**
 * For each byte of places how its four entries are picked from eight columns of x: a vector that puts the first two of four
 * columns in their place, and one for the other two; what is not picked becomes 0.
 */
function keepMasks({ memory }: Engine): number {
  const masks = Uint8Array.from({ length: 256 * 32 }, (_, index) => {
    const [byte, half, at] = [index >> 5, (index >> 4) & 1, index & 15];
    const entry = at >> 2;
    return entry >> 1 === half ? ((byte >> (entry * 2)) & 3) * 4 + (at & 3) : 0xff;
  });
  const address = memory.allocate(masks.length, 'matmul');
  memory.bytes.set(masks, address);
  return address;
}

function addDotPairs(module: ModuleBuilder, values: Values, masks: number): void {
  const f = module.function('dotPairs', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [places, entries, scales, x, y, rows, bytes, valueStep] = f.arguments;
  const pass = (count: number): void => {
    const each = (base: Local, step: Local): Local[] =>
      Array.from({ length: count }, (_, row) => f.let(op('i32.add', base, op('i32.mul', step, i32(row)))));
    const walk = {
      values,
      masks,
      x: f.let(x),
      places: each(places, bytes),
      entries: each(entries, valueStep),
      scales: values === 'f32' ? [] : Array.from({ length: count }, (_, row) => f.let(scaleAt(scales, row))),
    };
    for (const total of pairDots(f, walk, bytes)) {
      f.store('f32.store', y, op('f32.demote_f64', total));
      f.increase(y, 4);
    }
    f.increase(scales, 4 * count);
    f.increase(places, op('i32.mul', bytes, i32(count)));
    f.increase(entries, op('i32.mul', valueStep, i32(count)));
  };
  f.repeatTogether(rows, rowsTogether, pass);
}

/** The scale of a row, in all lanes. A code is scaled at once: sums of codes times large elements of x could overflow. */
const scaleAt = (scales: Local, row = 0): Expression => memoryOp('v128.load32_splat', row * 4, [scales]);

interface Walk {
  readonly values: Values;
  /** Address of the masks. */
  readonly masks: number;
  readonly x: Local;
  /** Of each row. */
  readonly places: readonly Local[];
  readonly entries: readonly Local[];
  /** None for f32. */
  readonly scales: readonly Local[];
}

/** The products of some rows with x, in f64. */
function pairDots(f: FunctionBuilder, { values, masks, x, places, entries, scales }: Walk, bytes: Local): Local[] {
  const totals = places.map(() => f.let(f64(0)));
  const sums = places.map(() => f.local('v128'));
  const left = f.let(bytes);
  f.loop((again) => {
    const now = f.let(left);
    f.if(op('i32.gt_s', now, i32(placeBlock)), () => f.set(now, i32(placeBlock)));
    f.increase(left, op('i32.sub', i32(0), now));
    for (const sum of sums) f.set(sum, op('f32x4.splat', f32(0)));
    f.repeat(now, () => {
      const [first, second] = [f.let(load(x)), f.let(load(x, 16))];
      for (const [row, sum] of sums.entries()) {
        const mask = f.let(op('i32.shl', byteAt(places[row] as Local), i32(5)));
        const picked = op(
          'v128.or',
          op('i8x16.swizzle', first, load(mask, masks)),
          op('i8x16.swizzle', second, load(mask, masks + 16)),
        );
        f.set(sum, op('f32x4.add', sum, op('f32x4.mul', picked, fourValues(entries[row] as Local, scales[row]))));
      }
      f.increase(x, 32);
      for (const place of places) f.increase(place, 1);
      for (const entry of entries) f.increase(entry, 4 * bytesOf(values));
    });
    for (const [row, total] of totals.entries()) f.set(total, op('f64.add', total, sumOfLanes(f, sums[row] as Local)));
    f.branchIf(again, op('i32.gt_s', left, i32(0)));
  });
  return totals;
}

function addDotPairRows(module: ModuleBuilder, values: Values): void {
  const f = module.function(
    'dotPairRows',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    'none',
    true,
  );
  const [places, entries, scales, x, y, rows, bytes, placeStep, valueStep, step, accumulate] = f.arguments;
  const all = Array.from({ length: vectorCounts[0] }, () => f.local('v128'));
  const [place, entry, four, column, codes] = Array.from({ length: 5 }, () => f.local('i32')) as [
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  const spread = f.local('v128');
  const fourStep = f.let(op('i32.shl', step, i32(2)));
  f.repeat(rows, () => {
    forEachVectors(f, step, (vectors, at) => {
      const sums = all.slice(0, vectors);
      for (const sum of sums) f.set(sum, op('f32x4.splat', f32(0)));
      f.set(place, places);
      f.set(entry, entries);
      f.set(four, op('i32.add', x, at));
      f.repeat(bytes, () => {
        f.set(codes, byteAt(place));
        f.increase(place, 1);
        // Loops, not copies of the body: V8 would hold what all of them load in registers at once.
        f.repeat(2, () => {
          f.repeat(2, () => {
            f.set(column, op('i32.add', four, op('i32.mul', op('i32.and', codes, i32(3)), step)));
            f.set(codes, op('i32.shr_u', codes, i32(2)));
            f.set(spread, oneValue(values, entry, scales));
            for (const [v, sum] of sums.entries())
              f.set(sum, op('f32x4.add', sum, op('f32x4.mul', spread, load(column, v * 16))));
            f.increase(entry, bytesOf(values));
          });
          f.increase(four, fourStep);
        });
      });
      const target = f.let(op('i32.add', y, at));
      const store = (value: (v: number, sum: Expression) => Expression): void => {
        for (const [v, sum] of sums.entries()) f.store('v128.store', target, value(v, sum), v * 16);
      };
      f.if(
        accumulate,
        () => store((v, sum) => op('f32x4.add', load(target, v * 16), sum)),
        () => store((_, sum) => sum),
      );
    });
    f.increase(places, placeStep);
    f.increase(entries, valueStep);
    f.increase(scales, 4);
    f.increase(y, step);
  });
}

function oneValue(values: Values, entry: Local, scales: Local): Expression {
  if (values === 'f32') return memoryOp('v128.load32_splat', 0, [entry]);
  const code = op('f32.convert_i32_s', memoryOp('i32.load8_s', 0, [entry]));
  return op('f32x4.splat', op('f32.mul', code, memoryOp('f32.load', 0, [scales])));
}
