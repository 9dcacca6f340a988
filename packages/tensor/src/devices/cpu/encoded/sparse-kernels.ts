/**
 * WebAssembly functions for rows of entries, each a column and a value. Only what is there is multiplied, so an infinity of x
 * meets no zero of the matrix.
 */
import { f32, f64, i32, memoryOp, op, shuffle32, v128, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { onceAnEngineEach } from '../once-an-engine.ts';
import { sumOfLanes } from '../gemm/dot-rows.ts';
import { forEachBlock, forEachVectors, fourValues, vectorCounts } from './vectors.ts';

/** How entries lie in memory: bytes of a column, and what a value is. */
export interface EntryLayout {
  readonly columnBytes: 1 | 2 | 4;
  readonly values: 'f32' | 'int8';
  /** From the offset at which a row begins, after which that of its end stands, to the next row's: 4 where they share it. */
  readonly rangeBytes: 4 | 8;
}

/**
 * The functions of one layout. `offsets` is where the offsets of the first row are, i32, and `origin` where the one is that
 * columns are counted from; `scales` those of the rows, f32, which
 * only codes have. Steps are in bytes.
 */
export interface SparseKernels {
  /** (offsets, origin, columns, values, scales, x, y, rows): y[r] = Σ x[column] · value. */
  readonly dots: WasmFunction;
  /** (…, x, y, rows, step, wide): y[r, ·] = Σ x[column, ·] · value, for `step` bytes of columns; `wide` has room for 32 f64. */
  readonly dotRows: WasmFunction;
  /** (…, x, y, rows): y[column] += x[r] · value. */
  readonly scatter: WasmFunction;
  /** (…, x, y, rows, step): y[column, ·] += x[r, ·] · value. */
  readonly scatterRows: WasmFunction;
}

/** Compiles the functions of a layout once an engine. */
export const sparseKernels: (engine: Engine, layout: EntryLayout) => SparseKernels = onceAnEngineEach(
  (engine, layout) => {
    const { module } = engine.module();
    addDots(module, layout);
    addDotRows(module, layout);
    addScatter(module, layout);
    addScatterRows(module, layout);
    return engine.instantiate(module) as unknown as SparseKernels;
  },
  ({ values, columnBytes, rangeBytes }) => `${values} ${columnBytes} ${rangeBytes}`,
);

/** Entries that add up in f32 before their sum goes to f64. */
const entryBlock = 512;

const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);
const loadOne = (address: Expression): Expression => memoryOp('f32.load', 0, [address]);

const columnLoads = { 1: 'i32.load8_u', 2: 'i32.load16_u', 4: 'i32.load' } as const;

/** Pointers to the next entry. */
interface Cursor {
  readonly column: Local;
  readonly value: Local;
}

/** Entry `place` after a cursor; a code is scaled at once, since sums of codes times large elements of x could overflow. */
function entryAt(
  { columnBytes }: EntryLayout,
  { column, value }: Cursor,
  scale: Local | undefined,
  place = 0,
): { readonly column: Expression; readonly value: Expression } {
  return {
    column: memoryOp(columnLoads[columnBytes], place * columnBytes, [column]),
    value:
      scale === undefined
        ? memoryOp('f32.load', place * 4, [value])
        : op('f32.mul', op('f32.convert_i32_s', memoryOp('i32.load8_s', place, [value])), scale),
  };
}

function advance(f: FunctionBuilder, { columnBytes, values }: EntryLayout, { column, value }: Cursor, count = 1): void {
  f.increase(column, columnBytes * count);
  f.increase(value, (values === 'f32' ? 4 : 1) * count);
}

type Parts = Readonly<Record<'offsets' | 'origin' | 'columns' | 'values' | 'scales', Local>>;

/** For each row: how many entries it has, a cursor at its first one, and the scale of its codes. */
function forEachRow(
  f: FunctionBuilder,
  layout: EntryLayout,
  { offsets, origin, columns, values, scales }: Parts,
  rows: Local,
  body: (count: Local, start: () => Cursor, scale: Local | undefined) => void,
): void {
  const base = f.let(memoryOp('i32.load', 0, [origin]));
  f.repeat(rows, () => {
    const begin = f.let(memoryOp('i32.load', 0, [offsets]));
    const count = f.let(op('i32.sub', memoryOp('i32.load', 4, [offsets]), begin));
    const scale = layout.values === 'int8' ? f.let(loadOne(scales)) : undefined;
    const at = (array: Local, entry: Expression, bytes: number): Expression =>
      op('i32.add', array, op('i32.mul', entry, i32(bytes)));
    const start = (): Cursor => ({
      column: f.let(at(columns, op('i32.sub', begin, base), layout.columnBytes)),
      value: f.let(at(values, begin, layout.values === 'f32' ? 4 : 1)),
    });
    body(count, start, scale);
    f.increase(offsets, layout.rangeBytes);
    f.increase(scales, 4);
  });
}

/** The products of the next four entries with x. */
function fourProducts(layout: EntryLayout, { column, value }: Cursor, x: Local, scale: Local | undefined): Expression {
  const from = (place: number): Expression => {
    const at = memoryOp(columnLoads[layout.columnBytes], place * layout.columnBytes, [column]);
    return op('i32.add', x, op('i32.shl', at, i32(2)));
  };
  const factors = [1, 2, 3].reduce<Expression>(
    (lanes, place) => memoryOp('v128.load32_lane', 0, [from(place), lanes], place),
    memoryOp('v128.load32_zero', 0, [from(0)]),
  );
  return op('f32x4.mul', factors, fourValues(value, scale));
}

/**
 * Rows of four entries and more begin with what is left of fours: the next four, of which those that are left count, so that
 * a loop of few turns, whose end no processor foresees, is spared.
 */
function addDots(module: ModuleBuilder, layout: EntryLayout): void {
  const f = module.function('dots', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [offsets, origin, columns, values, scales, x, y, rows] = f.arguments;
  const [sum, short, total] = [f.local('v128'), f.local('f32'), f.local('f64')];
  forEachRow(f, layout, { offsets, origin, columns, values, scales }, rows, (count, start, scale) => {
    const cursor = start();
    f.if(
      op('i32.lt_s', count, i32(4)),
      () => {
        f.set(short, f32(0));
        f.repeat(count, () => {
          const { column, value } = entryAt(layout, cursor, scale);
          const factor = loadOne(op('i32.add', x, op('i32.shl', column, i32(2))));
          f.set(short, op('f32.add', short, op('f32.mul', factor, value)));
          advance(f, layout, cursor);
        });
        f.store('f32.store', y, short);
      },
      () => {
        const scaleOfFour = scale && f.let(op('f32x4.splat', scale));
        const rest = f.let(op('i32.and', count, i32(3)));
        const counts = op('i32x4.gt_s', op('i32x4.splat', rest), v128([0, 1, 2, 3]));
        f.set(sum, op('v128.and', fourProducts(layout, cursor, x, scaleOfFour), counts));
        f.increase(cursor.column, op('i32.mul', rest, i32(layout.columnBytes)));
        f.increase(cursor.value, op('i32.mul', rest, i32(layout.values === 'f32' ? 4 : 1)));
        f.set(total, f64(0));
        forEachBlock(f, op('i32.shr_u', count, i32(2)), entryBlock / 4, (now) => {
          f.repeat(now, () => {
            f.set(sum, op('f32x4.add', sum, fourProducts(layout, cursor, x, scaleOfFour)));
            advance(f, layout, cursor, 4);
          });
          f.set(total, op('f64.add', total, sumOfLanes(f, sum)));
          f.set(sum, op('f32x4.splat', f32(0)));
        });
        f.store('f32.store', y, op('f32.demote_f64', total));
      },
    );
    f.increase(y, 4);
  });
}

function addDotRows(module: ModuleBuilder, layout: EntryLayout): void {
  const f = module.function(
    'dotRows',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    'none',
    true,
  );
  const [offsets, origin, columns, values, scales, x, y, rows, step, wide] = f.arguments;
  const sums = Array.from({ length: vectorCounts[0] }, () => f.local('v128'));
  const spread = f.local('v128');
  const from = f.local('i32');
  forEachRow(f, layout, { offsets, origin, columns, values, scales }, rows, (count, start, scale) => {
    const isShort = f.let(op('i32.le_s', count, i32(entryBlock)));
    forEachVectors(f, step, (vectors, at) => {
      const own = sums.slice(0, vectors);
      const cursor = start();
      const target = f.let(op('i32.add', y, at));
      const base = f.let(op('i32.add', x, at));
      const isFirst = f.let(i32(1));
      for (const sum of own) f.set(sum, op('f32x4.splat', f32(0)));
      forEachBlock(f, count, entryBlock, (now) => {
        f.if(op('i32.eqz', isShort), () => {
          for (const sum of own) f.set(sum, op('f32x4.splat', f32(0)));
        });
        f.repeat(now, () => {
          const { column, value } = entryAt(layout, cursor, scale);
          f.set(from, op('i32.add', base, op('i32.mul', column, step)));
          f.set(spread, op('f32x4.splat', value));
          for (const [v, sum] of own.entries())
            f.set(sum, op('f32x4.add', sum, op('f32x4.mul', spread, load(from, v * 16))));
          advance(f, layout, cursor);
        });
        f.if(op('i32.eqz', isShort), () => addWide(f, own, wide, isFirst));
      });
      f.if(op('i32.eqz', isShort), () => {
        for (const [v, sum] of own.entries()) f.set(sum, narrowed(wide, v * 32));
      });
      for (const [v, sum] of own.entries()) f.store('v128.store', target, sum, v * 16);
    });
    f.increase(y, step);
  });
}

/** wide (+)= sums, in f64. */
function addWide(f: FunctionBuilder, sums: readonly Local[], wide: Local, isFirst: Local): void {
  const store = (before: (offset: number, value: Expression) => Expression): void => {
    for (const [v, sum] of sums.entries()) {
      f.store('v128.store', wide, before(v * 32, op('f64x2.promote_low_f32x4', sum)), v * 32);
      const high = op('f64x2.promote_low_f32x4', shuffle32(sum, sum, [2, 3, 2, 3]));
      f.store('v128.store', wide, before(v * 32 + 16, high), v * 32 + 16);
    }
  };
  f.if(
    isFirst,
    () => store((_, value) => value),
    () => store((offset, value) => op('f64x2.add', value, load(wide, offset))),
  );
  f.set(isFirst, i32(0));
}

function narrowed(wide: Local, offset: number): Expression {
  const half = (at: number): Expression => op('f32x4.demote_f64x2_zero', load(wide, at));
  return shuffle32(half(offset), half(offset + 16), [0, 1, 4, 5]);
}

function addScatter(module: ModuleBuilder, layout: EntryLayout): void {
  const f = module.function('scatter', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [offsets, origin, columns, values, scales, x, y, rows] = f.arguments;
  const to = f.local('i32');
  forEachRow(f, layout, { offsets, origin, columns, values, scales }, rows, (count, start, scale) => {
    const cursor = start();
    const factor = f.let(loadOne(x));
    f.repeat(count, () => {
      const { column, value } = entryAt(layout, cursor, scale);
      f.set(to, op('i32.add', y, op('i32.shl', column, i32(2))));
      f.store('f32.store', to, op('f32.add', loadOne(to), op('f32.mul', factor, value)));
      advance(f, layout, cursor);
    });
    f.increase(x, 4);
  });
}

function addScatterRows(module: ModuleBuilder, layout: EntryLayout): void {
  const f = module.function(
    'scatterRows',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    'none',
    true,
  );
  const [offsets, origin, columns, values, scales, x, y, rows, step] = f.arguments;
  const factors = Array.from({ length: vectorCounts[0] }, () => f.local('v128'));
  const to = f.local('i32');
  const spread = f.local('v128');
  forEachRow(f, layout, { offsets, origin, columns, values, scales }, rows, (count, start, scale) => {
    forEachVectors(f, step, (vectors, at) => {
      const cursor = start();
      const from = f.let(op('i32.add', x, at));
      const base = f.let(op('i32.add', y, at));
      const own = factors.slice(0, vectors);
      for (const [v, factor] of own.entries()) f.set(factor, load(from, v * 16));
      f.repeat(count, () => {
        const { column, value } = entryAt(layout, cursor, scale);
        f.set(to, op('i32.add', base, op('i32.mul', column, step)));
        f.set(spread, op('f32x4.splat', value));
        for (const [v, factor] of own.entries())
          f.store('v128.store', to, op('f32x4.add', load(to, v * 16), op('f32x4.mul', factor, spread)), v * 16);
        advance(f, layout, cursor);
      });
    });
    f.increase(x, step);
  });
}
