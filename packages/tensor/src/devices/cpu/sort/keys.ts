/**
 * Numbers as keys: unsigned words that are ordered as the numbers are. The two zeros are one key, and all NaN are one that is above all
 * others.
 */
import type { DType } from '../../../dtype/dtype.ts';
import { f32, f64, i32, memoryOp, op, select, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';

/** How the numbers of a dtype become keys. */
export interface Key {
  /** Words of a key, and the bytes that are in use of each. */
  readonly words: 1 | 2;
  readonly bytes: 1 | 2 | 4;
  /** A word of the key of the number at an address: the lowest is word 0. */
  readonly word: (f: FunctionBuilder, address: Local, word: number) => Expression;
}

const all = i32(-1);

/** The bits of a float with an order: negative ones turned over, the sign of others set. */
function ordered(bits: Expression, sign: Expression, top: number): Expression {
  return op('i32.xor', bits, op('i32.or', sign, i32(top)));
}

/** Of 32 bits: adding 0 makes one of the two zeros. */
function wordOfF32(f: FunctionBuilder, address: Local): Expression {
  const x = f.let(memoryOp('f32.load', 0, [address]));
  const bits = f.let(op('i32.reinterpret_f32', op('f32.add', x, f32(0))));
  return select(op('f32.ne', x, x), all, ordered(bits, op('i32.shr_s', bits, i32(31)), 1 << 31));
}

function wordOfF64(f: FunctionBuilder, address: Local, word: number): Expression {
  const x = f.let(memoryOp('f64.load', 0, [address]));
  const part = (at: number): Local =>
    f.let(select(op('f64.eq', x, f64(0)), i32(0), memoryOp('i32.load', 4 * at, [address])));
  const high = part(1);
  const sign = op('i32.shr_s', high, i32(31));
  const key = word === 1 ? ordered(high, sign, 1 << 31) : op('i32.xor', part(0), sign);
  return select(op('f64.ne', x, x), all, key);
}

/** Of 16 bits, of which those of infinity are given. */
const wordOfHalf =
  (infinity: number): Key['word'] =>
  (f, address) => {
    const bits = f.let(memoryOp('i32.load16_u', 0, [address]));
    const magnitude = f.let(op('i32.and', bits, i32(0x7fff)));
    const isNegative = op('i32.and', op('i32.shr_u', bits, i32(15)), op('i32.ne', magnitude, i32(0)));
    const sign = op('i32.and', op('i32.sub', i32(0), isNegative), i32(0x7fff));
    // Of a zero all bits go, so that both are one.
    const key = ordered(select(magnitude, bits, i32(0)), sign, 0x8000);
    return select(op('i32.gt_u', magnitude, i32(infinity)), i32(0xffff), key);
  };

const byte: Key = { words: 1, bytes: 1, word: (_, address) => memoryOp('i32.load8_u', 0, [address]) };

/** The keys of each dtype. */
export const keys: Readonly<Record<DType, Key>> = {
  f32: { words: 1, bytes: 4, word: wordOfF32 },
  f64: { words: 2, bytes: 4, word: wordOfF64 },
  f16: { words: 1, bytes: 2, word: wordOfHalf(0x7c00) },
  bf16: { words: 1, bytes: 2, word: wordOfHalf(0x7f80) },
  i32: { words: 1, bytes: 4, word: (_, address) => op('i32.xor', memoryOp('i32.load', 0, [address]), i32(1 << 31)) },
  u32: { words: 1, bytes: 4, word: (_, address) => memoryOp('i32.load', 0, [address]) },
  i8: { ...byte, word: (f, address) => op('i32.xor', byte.word(f, address, 0), i32(0x80)) },
  u8: byte,
  bool: byte,
};
