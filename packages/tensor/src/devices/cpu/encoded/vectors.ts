/** How kernels of encoded matrices walk a row in vectors. */
import { i32, memoryOp, op, v128, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';

/** Code for `count` elements: four at a time, and then the rest. */
export function forEachFour(
  f: FunctionBuilder,
  count: Local,
  { four, one }: Readonly<Record<'four' | 'one', () => void>>,
): void {
  f.repeat(op('i32.shr_u', count, i32(2)), four);
  f.repeat(op('i32.and', count, i32(3)), one);
}

/** Vectors of columns of x side by side, largest first: each has a sum in a register. */
export const vectorCounts = [8, 4, 1] as const;

/** Runs the body for as many vectors at a time as there are left of `bytes`, with how far it has come. */
export function forEachVectors(f: FunctionBuilder, bytes: Local, body: (vectors: number, at: Local) => void): void {
  const at = f.let(i32(0));
  for (const [place, vectors] of vectorCounts.entries()) {
    const left = op('i32.sub', bytes, at);
    const larger = vectorCounts[place - 1];
    const within = larger === undefined ? left : op('i32.rem_u', left, i32(larger * 16));
    f.repeat(op('i32.div_u', within, i32(vectors * 16)), () => {
      body(vectors, at);
      f.increase(at, vectors * 16);
    });
  }
}

/** Runs the body for blocks of at most `most`, with how many there are in each. */
export function forEachBlock(f: FunctionBuilder, count: Expression, most: number, body: (now: Local) => void): void {
  const left = f.let(count);
  f.block((end) => {
    f.loop((again) => {
      f.branchIf(end, op('i32.eqz', left));
      const now = f.let(left);
      f.if(op('i32.gt_s', now, i32(most)), () => f.set(now, i32(most)));
      f.increase(left, op('i32.sub', i32(0), now));
      body(now);
      f.branchIf(again, i32(1));
    });
  });
}

/** Four values at an address and an offset, in f32: as they are, or codes of 8 bits times a scale, which is in all lanes. */
export function fourValues(entry: Local, scale: Local | undefined, offset = 0): Expression {
  if (scale === undefined) return memoryOp('v128.load', offset, [entry]);
  const codes = op('i16x8.extend_low_i8x16_s', memoryOp('v128.load32_zero', offset, [entry]));
  return op('f32x4.mul', op('f32x4.convert_i32x4_s', op('i32x4.extend_low_i16x8_s', codes)), scale);
}

/** The smaller of two, as a new local. */
export function atMost(f: FunctionBuilder, value: Expression, limit: Expression): Local {
  const result = f.let(value);
  f.if(op('i32.gt_s', result, limit), () => f.set(result, limit));
  return result;
}

/** Up to 16 bytes in the lowest of a vector, the others being 0: nothing behind them is read. */
export function fewBytes(f: FunctionBuilder, address: Local, offset: number, count: number): Expression {
  if (count === 16) return memoryOp('v128.load', offset, [address]);
  let at = count >= 8 ? 8 : count >= 4 ? 4 : 0;
  const beginning = at === 8 ? 'v128.load64_zero' : 'v128.load32_zero';
  let bytes = at === 0 ? v128([0, 0, 0, 0]) : memoryOp(beginning, offset, [address]);
  for (const [width, name] of [
    [4, 'v128.load32_lane'],
    [2, 'v128.load16_lane'],
    [1, 'v128.load8_lane'],
  ] as const)
    if (count - at >= width) {
      bytes = memoryOp(name, offset + at, [address, f.let(bytes)], at / width);
      at += width;
    }
  return bytes;
}
