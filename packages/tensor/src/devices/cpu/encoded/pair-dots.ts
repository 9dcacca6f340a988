/**
 * WebAssembly functions for few rows of x with 2 of 4: a byte has the places of the four entries of eight columns.
 *
 * What two places can pick of four elements of x is the same for all rows of the matrix. So it is written down first: 16
 * pairs for every four columns, 128 bytes. Four entries then cost a byte, two pairs, a vector of values, a product and a sum.
 */
import { f32, f64, i32, memoryOp, op, shuffle32, type Expression, type Local } from '../assembler/expression.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { WasmFunction } from '../engine.ts';
import { sumOfLanes } from '../gemm/dot-rows.ts';
import { forEachBlock, fourValues } from './vectors.ts';

/** The functions for one kind of values. Steps are in bytes; `bytes` is of places, of so many eights of columns. */
export interface PairDots {
  /** (x, pairs, bytes): writes down the pairs of so many eights of columns of x. */
  readonly tabulate: WasmFunction;
  /**
   * (places, values, scales, pairs, wide, rows, bytes, placeStep, valueStep, first): wide[r] = Σ x[column] · value, in f64, if
   * `first`, else more by that.
   */
  readonly dotPairs: WasmFunction;
  /** (wide, y, rows): y[r] = wide[r], rounded. */
  readonly narrowRows: WasmFunction;
}

/** Bytes of the pairs of eight columns. */
export const pairBytes = 256;
/**
 * Bytes of places whose pairs are there at once. Those of 128 would stay in the first-level cache, but rows are read in pieces
 * then: a page of memory that is left half-way is looked up again, which costs more than pairs from the second level do.
 */
export const placeBlock = 512;
/** Bytes of places whose products add up in f32. */
const sumBlock = 128;

/** Rows side by side: as many streams of values come from memory at once. */
const rowsTogether = 4;

const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);

/** Adds the functions of `PairDots`. */
export function addPairDots(module: ModuleBuilder, values: 'f32' | 'int8'): void {
  addTabulate(module);
  addDotPairs(module, values);
  addNarrowRows(module);
}

function addTabulate(module: ModuleBuilder): void {
  const f = module.function('tabulate', ['i32', 'i32', 'i32'], 'none', true);
  const [x, pairs, bytes] = f.arguments;
  f.repeat(op('i32.shl', bytes, i32(1)), () => {
    const four = f.let(load(x));
    // Two codes at a time, which differ in the first place.
    for (let code = 0; code < 16; code += 2)
      f.store('v128.store', pairs, shuffle32(four, four, [code & 3, code >> 2, (code & 3) + 1, code >> 2]), code * 8);
    f.increase(x, 16);
    f.increase(pairs, pairBytes / 2);
  });
}

function addDotPairs(module: ModuleBuilder, values: 'f32' | 'int8'): void {
  const f = module.function(
    'dotPairs',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    'none',
    true,
  );
  const [places, entries, scales, pairs, wide, rows, bytes, placeStep, valueStep, first] = f.arguments;
  const valueBytes = values === 'f32' ? 4 : 1;
  f.repeatTogether(rows, rowsTogether, (count) => {
    const each = <T>(of: (row: number) => T): T[] => Array.from({ length: count }, (_, row) => of(row));
    const walk = (base: Local, step: Local): Local[] =>
      each((row) => f.let(op('i32.add', base, op('i32.mul', step, i32(row)))));
    const [place, entry, pair] = [walk(places, placeStep), walk(entries, valueStep), f.let(pairs)];
    const spread = values === 'f32' ? [] : each((row) => f.let(memoryOp('v128.load32_splat', row * 4, [scales])));
    const sums = each(() => f.local('v128'));
    const totals = each(() => f.let(f64(0)));
    f.if(op('i32.eqz', first), () => {
      for (const [row, total] of totals.entries()) f.set(total, memoryOp('f64.load', row * 8, [wide]));
    });
    forEachBlock(f, bytes, sumBlock, (now) => {
      for (const sum of sums) f.set(sum, op('f32x4.splat', f32(0)));
      f.repeat(now, () => {
        for (const [row, sum] of sums.entries()) {
          const code = f.let(memoryOp('i32.load8_u', 0, [place[row] as Local]));
          const at = (bits: Expression): Expression => op('i32.add', pair, op('i32.shl', bits, i32(3)));
          const low = memoryOp('v128.load64_zero', 0, [at(op('i32.and', code, i32(15)))]);
          const high = at(op('i32.shr_u', code, i32(4)));
          const picked = memoryOp('v128.load64_lane', pairBytes / 2, [high, low], 1);
          const four = fourValues(entry[row] as Local, spread[row]);
          f.set(sum, op('f32x4.add', sum, op('f32x4.mul', picked, four)));
        }
        for (const row of place.keys()) {
          f.increase(place[row] as Local, 1);
          f.increase(entry[row] as Local, 4 * valueBytes);
        }
        f.increase(pair, pairBytes);
      });
      for (const [row, sum] of sums.entries()) {
        const total = totals[row] as Local;
        f.set(total, op('f64.add', total, sumOfLanes(f, sum)));
      }
    });
    for (const [row, total] of totals.entries()) f.store('f64.store', wide, total, row * 8);
    f.increase(wide, 8 * count);
    f.increase(places, op('i32.mul', placeStep, i32(count)));
    f.increase(entries, op('i32.mul', valueStep, i32(count)));
    f.increase(scales, 4 * count);
  });
}

function addNarrowRows(module: ModuleBuilder): void {
  const f = module.function('narrowRows', ['i32', 'i32', 'i32'], 'none', true);
  const [wide, y, rows] = f.arguments;
  f.repeat(rows, () => {
    f.store('f32.store', y, op('f32.demote_f64', memoryOp('f64.load', 0, [wide])));
    f.increase(wide, 8);
    f.increase(y, 4);
  });
}
