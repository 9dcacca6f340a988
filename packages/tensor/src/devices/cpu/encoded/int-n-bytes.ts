/**
 * Codes of up to 7 bits times x of 8 bits, sixteen products an instruction of relaxed SIMD where the engine has that, eight where
 * not: to the same bytes, as such a product is exact on every engine while counts of the matrix are from 0 to 127 and codes of x
 * from -127 to 127: two of them fit i16, in which processors may add them up. A lane has the columns that it has without.
 */
import type { GroupActivations } from '../../../kernel/activations.ts';
import type { GroupedCodes } from '../../../kernel/grouped-codes.ts';
import { i32, memoryOp, op, shuffle8, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import { byteProducts } from '../wide/byte-products.ts';
import { codesTogether } from './int-n-codes.ts';

/** What functions for x that is rounded in groups are made for. */
export interface CodedKind {
  readonly own: GroupedCodes;
  /** What x is rounded to. */
  readonly activations: GroupActivations;
  /** Bytes of either factor. */
  readonly width: 1 | 2;
  /** Bytes of the lanes in which the products of a group add up. */
  readonly lanes: 2 | 4;
}

/** What x is to be rounded to, and whether rows of it become panels, which meet what was read of the matrix together. */
export interface CodedUse {
  readonly activations: GroupActivations;
  readonly inPanels: boolean;
}

/** Whether sixteen bytes of codes are two vectors of counts, those of even columns and those of odd ones. */
const isByHalves = ({ bits, group }: GroupedCodes): boolean => bits === 4 && group >= 2 * codesTogether;

/** The kind for this engine. */
export function codedKind(own: GroupedCodes, { activations, inPanels }: CodedUse): CodedKind {
  const wide = { own, activations, width: 2, lanes: 4 } as const;
  const products = byteProducts();
  // Where counts are read for one row of x alone, to make bytes of them takes what they save.
  const isDear = !inPanels && !(products === 'fours' && isByHalves(own));
  if (activations !== 'int8-groups' || own.table || isDear) return wide;
  if (products === 'fours' && own.bits < 8) return { ...wide, width: 1 };
  // Sixteen products of a group of 32 a lane: at most 16 · 127 · 15.
  if (products === 'pairs' && own.bits <= 4) return { ...wide, width: 1, lanes: 2 };
  return wide;
}

/** Columns whose counts are read together. */
export const columnsRead = (kind: CodedKind): number =>
  kind.width === 1 && isByHalves(kind.own) ? 2 * codesTogether : codesTogether;

/** What two vectors of i16 are as bytes, one of each in turns. */
const inTurns = (first: Expression, second: Expression): Expression =>
  op('v128.or', first, op('i16x8.shl', second, i32(8)));

/** Vectors of x that meet what `byteReader` reads, from eights of a group as that reads them. */
export function bytesOfEights(kind: CodedKind, eights: readonly Expression[]): readonly Expression[] {
  const lower = op('i16x8.splat', i32(255));
  const step = isByHalves(kind.own) ? 2 : 1;
  return eights.flatMap((eight, place) => {
    if ((place & step) !== 0) return [];
    return [inTurns(op('v128.and', eight, lower), eights[place + step] as Expression)];
  });
}

/** Code that reads the counts of some columns as bytes; `eights` reads those of sixteen as i16. */
export function byteReader(
  f: FunctionBuilder,
  kind: CodedKind,
  eights: (pointer: Local, offset: number) => readonly [Expression, Expression],
): (pointer: Local, offset: number) => readonly Expression[] {
  if (!isByHalves(kind.own)) return (pointer, offset) => [inTurns(...eights(pointer, offset))];
  const nibbles = f.let(op('i8x16.splat', i32(15)));
  const order = Array.from({ length: 16 }, (_, byte) => (byte & 1) * 8 + (byte >> 1));
  return (pointer, offset) => {
    const loaded = f.let(memoryOp('v128.load', offset, [pointer]));
    const bytes = f.let(shuffle8(loaded, loaded, order));
    return [op('v128.and', bytes, nibbles), op('v128.and', op('i16x8.shr_u', bytes, i32(4)), nibbles)];
  };
}

/** A sum and the products of a vector of codes of x with one of counts. */
export function plusProducts(
  { width, lanes }: CodedKind,
  sum: Expression,
  x: Expression,
  counts: Expression,
): Expression {
  if (width === 2) return op('i32x4.add', sum, op('i32x4.dot_i16x8_s', counts, x));
  return lanes === 2
    ? op('i16x8.add', sum, op('i16x8.relaxed_dot_i8x16_i7x16_s', x, counts))
    : op('i32x4.relaxed_dot_i8x16_i7x16_add_s', x, counts, sum);
}

/** The sum of a group in lanes of i32. */
export const wholeSum = ({ lanes }: CodedKind, sum: Expression): Expression =>
  lanes === 2 ? op('i32x4.dot_i16x8_s', sum, op('i16x8.splat', i32(1))) : sum;
