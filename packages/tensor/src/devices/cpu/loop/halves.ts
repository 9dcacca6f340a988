/** Numbers of 16 bits in registers: from patterns to f32 and back. */
import { i32, op, shuffle16, type Expression } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { MathLibrary } from '../math/math-library.ts';
import type { Stored } from './storage.ts';
import { zeroVector } from './vector-code.ts';

/** Four 16-bit patterns in 32-bit lanes, with their signs in front, to f32. */
export function widenHalf(f: FunctionBuilder, dtype: Stored, patterns: Expression, library: MathLibrary): Expression {
  return dtype === 'f16' ? library.within(f, 'widenF16', patterns) : op('i32x4.shl', patterns, i32(16));
}

/** Words of two registers in turns: the first four of each, and the last four. */
const inTurns = [0, 4].map((first) => [0, 1, 2, 3].flatMap((word) => [first + word, 8 + first + word]));

/** Eight patterns that lie side by side as numbers, or as they are. */
export function widenEight(
  f: FunctionBuilder,
  dtype: Stored,
  patterns: Expression,
  library: MathLibrary,
): Expression[] {
  if (dtype === 'bits16') return [patterns];
  const packed = f.let(patterns);
  if (dtype === 'bf16') return inTurns.map((words) => shuffle16(zeroVector, packed, words));
  const upper = f.let(library.within(f, 'upperF16', packed));
  const lower = f.let(op('i16x8.shl', packed, i32(13)));
  return inTurns.map((words) => library.within(f, 'scaleF16', shuffle16(lower, upper, words)));
}

/** Two registers as 16-bit patterns side by side. */
export function narrowHalves(
  f: FunctionBuilder,
  dtype: Stored,
  low: Expression,
  high: Expression,
  library: MathLibrary,
): Expression {
  return library.within(f, dtype === 'f16' ? 'narrowF16' : 'narrowBf16', low, high);
}
