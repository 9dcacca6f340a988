/**
 * What is done with a panel of scores: rows are keys, and the 8 columns are queries. Its queries have a state in memory, and
 * what they have seen so far is scaled by the exponential of the largest score, which is only raised when another is larger
 * by more than a few: shares stay in range, and sums are seldom scaled anew.
 */
import { f32, f64, i32, memoryOp, op, shuffle32, v128, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { MathLibrary } from '../math/math-library.ts';

/** Queries of a panel, in two vectors. */
export const panelQueries = 8;
/** Bytes of a row of a panel. */
export const panelRow: number = panelQueries * 4;

/** Where the parts of a panel's state are: the score that sums are scaled by, the last change of scale, and the sums in f64. */
export const stateOf: Readonly<Record<'peak' | 'change' | 'sum' | 'bytes', number>> = {
  peak: 0,
  change: 32,
  sum: 64,
  bytes: 128,
};

/** A score may exceed the one that sums are scaled by so far. */
const headroom = 8;
/** Shares that add up in f32, before their sum goes to f64. */
const sharesTogether = 64;

/** A vector in memory. */
export const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);
/** -∞ in all lanes. */
export const minusInfinity = (): Expression => op('f32x4.splat', f32(Number.NEGATIVE_INFINITY));
/** Of the columns of a panel. */
export const halves: readonly [0, 1] = [0, 1];
const upper = (vector: Local): Expression => op('f64x2.promote_low_f32x4', shuffle32(vector, vector, [2, 3, 2, 3]));
const lower = (vector: Local): Expression => op('f64x2.promote_low_f32x4', vector);

/** Adds `begin(state)`: nothing has been seen. */
export function addBegin(module: ModuleBuilder): FunctionBuilder<readonly ['i32']> {
  const f = module.function('begin', ['i32']);
  const [state] = f.arguments;
  for (let offset = 0; offset < stateOf.bytes; offset += 16)
    f.store('v128.store', state, offset < stateOf.change ? minusInfinity() : v128([0, 0, 0, 0]), offset);
  return f;
}

/** Adds `weigh(s, rows, state)`: scores become shares, up to what their sum is; the state goes on. */
export function addWeigh(module: ModuleBuilder, library: MathLibrary): FunctionBuilder<readonly ['i32', 'i32', 'i32']> {
  const f = module.function('weigh', ['i32', 'i32', 'i32']);
  const [s, rows, state] = f.arguments;
  const peaks = halves.map(() => f.let(minusInfinity()));
  const at = f.let(s);
  f.repeat(rows, () => {
    for (const half of halves) f.set(peaks[half] as Local, op('f32x4.pmax', peaks[half] as Local, load(at, half * 16)));
    f.increase(at, panelRow);
  });
  const bases = halves.map((half) => {
    const before = f.let(load(state, stateOf.peak + half * 16));
    const peak = peaks[half] as Local;
    const isLarge = op('f32x4.gt', op('f32x4.sub', peak, before), op('f32x4.splat', f32(headroom)));
    const after = f.let(op('v128.bitselect', peak, before, isLarge));
    // Of nothing seen so far shares are 0 whatever they are scaled by.
    const base = f.let(op('v128.andnot', after, op('f32x4.eq', after, minusInfinity())));
    f.store('v128.store', state, after, stateOf.peak + half * 16);
    f.store('v128.store', state, library.within(f, 'exp', op('f32x4.sub', before, base)), stateOf.change + half * 16);
    return base;
  });
  for (const half of halves) {
    const change = f.let(load(state, stateOf.change + half * 16));
    for (const [part, factor] of [lower(change), upper(change)].entries()) {
      const offset = stateOf.sum + half * 32 + part * 16;
      f.store('v128.store', state, op('f64x2.mul', load(state, offset), factor), offset);
    }
  }
  const left = f.let(rows);
  const width = f.local('i32');
  const sums = halves.map(() => f.local('v128'));
  f.set(at, s);
  f.loop((again) => {
    f.set(width, left);
    f.if(op('i32.gt_s', width, i32(sharesTogether)), () => f.set(width, i32(sharesTogether)));
    f.increase(left, op('i32.sub', i32(0), width));
    for (const sum of sums) f.set(sum, op('f32x4.splat', f32(0)));
    f.repeat(width, () => {
      for (const half of halves) {
        const score = op('f32x4.sub', load(at, half * 16), bases[half] as Local);
        const share = f.let(library.within(f, 'share', score));
        f.store('v128.store', at, share, half * 16);
        f.set(sums[half] as Local, op('f32x4.add', sums[half] as Local, share));
      }
      f.increase(at, panelRow);
    });
    for (const half of halves) {
      const sum = sums[half] as Local;
      for (const [part, wide] of [lower(sum), upper(sum)].entries()) {
        const offset = stateOf.sum + half * 32 + part * 16;
        f.store('v128.store', state, op('f64x2.add', load(state, offset), wide), offset);
      }
    }
    f.branchIf(again, op('i32.gt_s', left, i32(0)));
  });
  return f;
}

/** Adds `gather(wide, partial, state)`: wide = wide · change + partial, f64 and f32 [8, columns]. */
export function addGather(module: ModuleBuilder, columns: number): FunctionBuilder<readonly ['i32', 'i32', 'i32']> {
  const f = module.function('gather', ['i32', 'i32', 'i32']);
  const [wide, partial, state] = f.arguments;
  f.repeat(panelQueries, () => {
    const change = f.let(op('f64x2.promote_low_f32x4', memoryOp('v128.load32_splat', stateOf.change, [state])));
    f.repeat(columns / 4, () => {
      const values = f.let(load(partial));
      for (const [part, value] of [lower(values), upper(values)].entries())
        f.store('v128.store', wide, op('f64x2.add', op('f64x2.mul', load(wide, part * 16), change), value), part * 16);
      f.increase(partial, 16);
      f.increase(wide, 32);
    });
    f.increase(state, 4);
  });
  return f;
}

/** Adds `finish(wide, state, out, logSum, queries)`: what the first queries of a panel have come to, and the logarithms of their sums. */
export function addFinish(
  module: ModuleBuilder,
  library: MathLibrary,
  { columns, outRow, logSumRow }: Readonly<Record<'columns' | 'outRow' | 'logSumRow', number>>,
): FunctionBuilder<readonly ['i32', 'i32', 'i32', 'i32', 'i32']> {
  const f = module.function('finish', ['i32', 'i32', 'i32', 'i32', 'i32']);
  const [wide, state, out, logSum, queries] = f.arguments;
  for (const half of halves) {
    const pair = (part: number): Expression =>
      op('f32x4.demote_f64x2_zero', load(state, stateOf.sum + half * 32 + part * 16));
    const sum = f.let(shuffle32(pair(0), pair(1), [0, 1, 4, 5]));
    const peak = load(state, stateOf.peak + half * 16);
    f.store('v128.store', state, op('f32x4.add', peak, library.within(f, 'log', sum)), stateOf.change + half * 16);
  }
  const sums = f.let(state);
  const row = f.let(out);
  const at = f.local('i32');
  f.repeat(queries, () => {
    f.store('f32.store', logSum, memoryOp('f32.load', stateOf.change, [state]));
    const share = f.let(op('f64x2.splat', op('f64.div', f64(1), memoryOp('f64.load', stateOf.sum, [sums]))));
    f.set(at, row);
    f.repeat(columns / 4, () => {
      const part = (offset: number): Expression =>
        op('f32x4.demote_f64x2_zero', op('f64x2.mul', load(wide, offset), share));
      f.store('v128.store', at, shuffle32(part(0), part(16), [0, 1, 4, 5]));
      f.increase(at, 16);
      f.increase(wide, 32);
    });
    f.increase(state, 4);
    f.increase(sums, 8);
    f.increase(row, outRow);
    f.increase(logSum, logSumRow);
  });
  return f;
}
