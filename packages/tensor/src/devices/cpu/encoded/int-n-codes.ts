/**
 * Codes of 1 to 8 bits as vectors of i16. Sixteen of them are a whole number of bytes. A lane is given the two bytes that its
 * code lies in, is multiplied so that the code ends at its highest bit, and shifted down again.
 */
import { centreOf, type GroupedCodes } from '../../../kernel/grouped-codes.ts';
import { i32, memoryOp, op, shuffle8, v128, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import { fewBytes } from './vectors.ts';

/** Columns that are read together. */
export const codesTogether = 16;

/** What reading needs in registers. */
export interface CodeReader {
  /** The counts of eight columns and of the eight behind them, i16, from an address on. A count is factor · code, or the entry of the table. */
  readonly inOrder: (pointer: Local, offset: number) => readonly [Expression, Expression];
  /** The same, of the eight even and the eight odd columns, of codes of 4 bits. */
  readonly inPairs: (pointer: Local, offset: number) => readonly [Expression, Expression];
  /** Of such codes each even one and 16 times the odd one behind it, added up, then the odd ones. */
  readonly inTwos: (pointer: Local, offset: number) => readonly [Expression, Expression];
}

/** Code that reads codes; `table` is the address of that, if there is one. */
export function codeReader(f: FunctionBuilder, own: GroupedCodes, table: Local): CodeReader {
  if (own.table) return tableReader(f, table);
  const { bits } = own;
  if (bits === 8) {
    const both = (pointer: Local, offset: number): readonly [Expression, Expression] => [
      memoryOp('v128.load8x8_u', offset, [pointer]),
      memoryOp('v128.load8x8_u', offset + 8, [pointer]),
    ];
    return { inOrder: both, inPairs: both, inTwos: both };
  }
  const { factor } = centreOf(own);
  const lanes = Array.from({ length: 8 }, (_, lane) => lane * bits);
  const up = lanes.map((bit) => 2 ** (16 - bits - (bit & 7)));
  const factors = f.let(
    v128([0, 2, 4, 6].map((lane) => (up[lane] as number) | ((up[lane + 1] as number) << 16)) as Four),
  );
  const nibble = f.let(op('i16x8.splat', i32(15)));
  const twos = (pointer: Local, offset: number): readonly [Local, Expression] => {
    const bytes = f.let(memoryOp('v128.load8x8_u', offset, [pointer]));
    return [bytes, op('i16x8.shr_u', bytes, i32(4))];
  };
  return {
    inTwos: twos,
    inOrder: (pointer, offset) => {
      const bytes = f.let(fewBytes(f, pointer, offset, 2 * bits));
      const half = (place: 0 | 1): Expression => {
        const two = lanes.flatMap((bit) => [0, 1].map((byte) => Math.min(15, place * bits + (bit >> 3) + byte)));
        const placed = op('i16x8.mul', shuffle8(bytes, bytes, two), factors);
        const codes = op('i16x8.shr_u', placed, i32(16 - bits));
        return factor === 2 ? doubled(f, codes) : codes;
      };
      return [half(0), half(1)];
    },
    inPairs: (pointer, offset) => {
      const [both, odd] = twos(pointer, offset);
      return [op('v128.and', both, nibble), odd];
    },
  };
}

type Four = [number, number, number, number];

function doubled(f: FunctionBuilder, codes: Expression): Expression {
  const once = f.let(codes);
  return op('i16x8.add', once, once);
}

function tableReader(f: FunctionBuilder, table: Local): CodeReader {
  const entries = f.let(memoryOp('v128.load', 0, [table]));
  const nibbles = f.let(op('i8x16.splat', i32(15)));
  /** Entries of even and odd columns, bytes in the lower half. */
  const halves = (pointer: Local, offset: number): readonly [Local, Local] => {
    const bytes = f.let(memoryOp('v128.load64_zero', offset, [pointer]));
    const odd = op('v128.and', op('i16x8.shr_u', bytes, i32(4)), nibbles);
    return [
      f.let(op('i8x16.swizzle', entries, op('v128.and', bytes, nibbles))),
      f.let(op('i8x16.swizzle', entries, odd)),
    ];
  };
  const inPairs: CodeReader['inPairs'] = (pointer, offset) => {
    const [even, odd] = halves(pointer, offset);
    return [op('i16x8.extend_low_i8x16_s', even), op('i16x8.extend_low_i8x16_s', odd)];
  };
  const inTurns = Array.from({ length: 16 }, (_, byte) => (byte & 1) * 16 + (byte >> 1));
  return {
    inOrder: (pointer, offset) => {
      const all = f.let(shuffle8(...halves(pointer, offset), inTurns));
      return [op('i16x8.extend_low_i8x16_s', all), op('i16x8.extend_high_i8x16_s', all)];
    },
    inPairs,
    inTwos: inPairs,
  };
}

/** The count of one column of a row, an i32. */
export function countAt(f: FunctionBuilder, own: GroupedCodes, codes: Local, column: Local, table: Local): Local {
  const { bits } = own;
  const bit = f.let(op('i32.mul', column, i32(bits)));
  const byteAt = (place: Expression): Expression =>
    memoryOp('i32.load8_u', 0, [op('i32.add', codes, op('i32.shr_u', place, i32(3)))]);
  // The byte of the last bit is that of the first one, or the next.
  const upper = op('i32.shl', byteAt(op('i32.add', bit, i32(bits - 1))), i32(8));
  const both = op('i32.or', byteAt(bit), upper);
  const code = f.let(op('i32.and', op('i32.shr_u', both, op('i32.and', bit, i32(7))), i32(2 ** bits - 1)));
  if (own.table) return f.let(memoryOp('i32.load8_s', 0, [op('i32.add', table, code)]));
  const { factor } = centreOf(own);
  return factor === 1 ? code : f.let(op('i32.mul', code, i32(factor)));
}
