/** WebAssembly functions for 2 of 4: a byte has the places of the four entries of eight columns. */
import { f32, i32, memoryOp, op, type Expression, type Local } from '../assembler/expression.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { onceAnEngineEach } from '../once-an-engine.ts';
import { addPairDots, type PairDots } from './pair-dots.ts';
import { forEachVectors, vectorCounts } from './vectors.ts';

/** The functions for one kind of values. Steps are in bytes; `bytes` is of places, of so many eights of columns. */
export interface PairKernels extends PairDots {
  /** (columns, step): writes down where the columns of a byte of places begin, `step` bytes apart: 256 times four i32. */
  readonly placeColumns: WasmFunction;
  /**
   * (places, values, scales, x, y, columns, rows, bytes, placeStep, valueStep, step, accumulate): y[r, ·] (+)= Σ x[column, ·] ·
   * value, for `step` bytes of columns; `columns` are those that were written down.
   */
  readonly dotPairRows: WasmFunction;
}

type Values = 'f32' | 'int8';

/** Compiles the functions once an engine. */
export const pairKernels: (engine: Engine, values: Values) => PairKernels = onceAnEngineEach(
  (engine, values) => {
    const { module } = engine.module();
    addPairDots(module, values);
    addPlaceColumns(module);
    addDotPairRows(module, values);
    return engine.instantiate(module) as unknown as PairKernels;
  },
  (values) => values,
);

const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);
const byteAt = (address: Expression): Expression => memoryOp('i32.load8_u', 0, [address]);
const bytesOf = (values: Values): number => (values === 'f32' ? 4 : 1);

function addPlaceColumns(module: ModuleBuilder): void {
  const f = module.function('placeColumns', ['i32', 'i32'], 'none', true);
  const [columns, step] = f.arguments;
  const code = f.let(i32(0));
  f.repeat(256, () => {
    for (let entry = 0; entry < 4; entry++) {
      const place = op('i32.and', op('i32.shr_u', code, i32(2 * entry)), i32(3));
      const column = op('i32.add', place, i32(entry < 2 ? 0 : 4));
      f.store('i32.store', columns, op('i32.mul', column, step), entry * 4);
    }
    f.increase(code, 1);
    f.increase(columns, 16);
  });
}

function addDotPairRows(module: ModuleBuilder, values: Values): void {
  const f = module.function(
    'dotPairRows',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    'none',
    true,
  );
  const [places, entries, scales, x, y, columns, rows, bytes, placeStep, valueStep, step, accumulate] = f.arguments;
  const all = Array.from({ length: vectorCounts[0] }, () => f.local('v128'));
  const [place, entry, eight, column, picked] = Array.from({ length: 5 }, () => f.local('i32')) as [
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  const spread = f.local('v128');
  const eightStep = f.let(op('i32.shl', step, i32(3)));
  f.repeat(rows, () => {
    forEachVectors(f, step, (vectors, at) => {
      const sums = all.slice(0, vectors);
      for (const sum of sums) f.set(sum, op('f32x4.splat', f32(0)));
      f.set(place, places);
      f.set(entry, entries);
      f.set(eight, op('i32.add', x, at));
      f.repeat(bytes, () => {
        f.set(picked, op('i32.add', columns, op('i32.shl', byteAt(place), i32(4))));
        f.increase(place, 1);
        // A loop, not copies of the body: V8 would hold what all of them load in registers at once.
        f.repeat(4, () => {
          f.set(column, op('i32.add', eight, memoryOp('i32.load', 0, [picked])));
          f.set(spread, oneValue(values, entry, scales));
          for (const [v, sum] of sums.entries())
            f.set(sum, op('f32x4.add', sum, op('f32x4.mul', spread, load(column, v * 16))));
          f.increase(picked, 4);
          f.increase(entry, bytesOf(values));
        });
        f.increase(eight, eightStep);
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
