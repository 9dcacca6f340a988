/** WebAssembly functions for 2 of 4: a byte has the places of the four entries of eight columns. */
import { f32, i32, memoryOp, op, type Expression, type Local } from '../assembler/expression.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { addPairDots, type PairDots } from './pair-dots.ts';
import { forEachVectors, vectorCounts } from './vectors.ts';

/** The functions for one kind of values. Steps are in bytes; `bytes` is of places, of so many eights of columns. */
export interface PairKernels extends PairDots {
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
    addPairDots(module, values);
    addDotPairRows(module, values);
    kernels = engine.instantiate(module) as unknown as PairKernels;
    known.set(values, kernels);
  }
  return kernels;
}

const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);
const byteAt = (address: Expression): Expression => memoryOp('i32.load8_u', 0, [address]);
const bytesOf = (values: Values): number => (values === 'f32' ? 4 : 1);

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
