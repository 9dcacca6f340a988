/**
 * Pairs of a key and a position, ordered by their keys; those of one key keep their order. A pair is eight bytes: the position, then the
 * key.
 *
 * Method: least significant digit first, a byte at a time, after one count of all digits (D. E. Knuth, "The Art of Computer
 * Programming", volume 3, 5.2.5); few pairs are inserted one after the other.
 */
import { i32, memoryOp, op, select, tee, type Callable, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';

/** Bytes of a pair, and where its key is. */
export const pairBytes = 8;
export const keyAt = 4;

const digits = 256;

/** Bytes of the counts of the digits of one key. */
export const countBytes: number = 4 * digits * 4;

const load = (address: Expression, offset = 0): Expression => memoryOp('i32.load', offset, [address]);

/** Where the count of a key's digit is that begins at bit `shift`. */
function countOf(counts: Expression, key: Expression, shift: Expression): Expression {
  return op('i32.add', counts, op('i32.shl', op('i32.and', op('i32.shr_u', key, shift), i32(digits - 1)), i32(2)));
}

/** Sets all counts to 0. */
export function clearCounts(f: FunctionBuilder, counts: Local, passes: number): void {
  const at = f.let(counts);
  f.repeat(op('i32.mul', i32(passes), i32(digits / 4)), () => {
    f.store('v128.store', at, op('i32x4.splat', i32(0)));
    f.increase(at, 16);
  });
}

/** Counts the digits of a key. */
export function countDigits(f: FunctionBuilder, counts: Local, key: Local, passes: number): void {
  for (let pass = 0; pass < passes; pass++) {
    const at = f.let(countOf(counts, key, i32(8 * pass)));
    const offset = pass * digits * 4;
    f.store('i32.store', at, op('i32.add', load(at, offset), i32(1)), offset);
  }
}

/** A function that orders pairs by one digit, into other memory: (pairs, spare, counts of the digit, shift, length) → where they are then. */
export function digitPass(module: ModuleBuilder): Callable {
  const f = module.function('digitPass', ['i32', 'i32', 'i32', 'i32', 'i32'], 'i32');
  const [pairs, spare, counts, shift, length] = f.arguments;
  // All of one digit: there is nothing to do.
  f.if(op('i32.eq', load(countOf(counts, load(pairs, keyAt), shift)), length), () => f.return(pairs));
  const next = f.let(spare);
  const count = f.let(counts);
  f.repeat(i32(digits), () => {
    const own = f.let(load(count));
    f.store('i32.store', count, next);
    f.increase(next, op('i32.mul', own, i32(pairBytes)));
    f.increase(count, 4);
  });
  const from = f.let(pairs);
  f.repeat(length, () => {
    const place = f.let(countOf(counts, load(from, keyAt), shift));
    const to = f.let(load(place));
    f.store('i64.store', to, memoryOp('i64.load', 0, [from]));
    f.store('i32.store', place, op('i32.add', to, i32(pairBytes)));
    f.increase(from, pairBytes);
  });
  f.return(spare);
  return f;
}

/** A function that orders few pairs where they are: (pairs, length). */
export function insertion(module: ModuleBuilder): Callable {
  const f = module.function('insertion', ['i32', 'i32'], 'none');
  const [pairs, length] = f.arguments;
  const next = f.let(op('i32.add', pairs, i32(pairBytes)));
  f.repeat(op('i32.sub', length, i32(1)), () => {
    const pair = f.let(memoryOp('i64.load', 0, [next]));
    const key = f.let(load(next, keyAt));
    const hole = f.let(next);
    const isBefore = (): Expression => {
      const earlier = op('i32.gt_u', hole, pairs);
      // What lies before the first pair is not looked at.
      const before = op('i32.sub', hole, select(earlier, i32(pairBytes), i32(0)));
      return op('i32.and', earlier, op('i32.gt_u', load(before, keyAt), key));
    };
    f.block((end) => {
      f.loop((again) => {
        f.branchIf(end, op('i32.eqz', isBefore()));
        const before = op('i32.sub', hole, i32(pairBytes));
        f.store('i64.store', hole, memoryOp('i64.load', 0, [before]));
        f.branchIf(again, tee(hole, before));
      });
    });
    f.store('i64.store', hole, pair);
    f.increase(next, pairBytes);
  });
  return f;
}
