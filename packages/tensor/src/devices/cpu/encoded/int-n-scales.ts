/** Scales and minima of groups, whatever they are stored in, as numbers: one, or up to four beside each other. */
import { stepColumns, type GroupedCodes, type ScaleKind } from '../../../kernel/grouped-codes.ts';
import {
  f32,
  i32,
  memoryOp,
  op,
  select,
  shuffle16,
  v128,
  type Expression,
  type Local,
} from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import { fewBytes } from './vectors.ts';

/** Bytes of a scale. */
export const scaleBytes: Readonly<Record<ScaleKind, 1 | 2 | 4>> = { f32: 4, f16: 2, i8: 1, e8: 1 };

/** Where the numbers of a row are: of their groups, and of what is one step for several of these. */
export interface RowOfScales {
  readonly scales: Local;
  readonly steps: Local;
}

/** Sign, exponent and fraction of an f16 that was moved up to those of an f32; what the exponents differ by is a factor. */
const halfBits = 0x8fffe000;
const halfFactor = 2 ** 112;

/** How many groups share a step, as a power of two. */
export const groupsOfStepBits = ({ group }: GroupedCodes): number => Math.log2(stepColumns / group);

function halfAt(address: Expression): Expression {
  const moved = op('i32.shl', memoryOp('i32.load16_s', 0, [address]), i32(13));
  return op('f32.mul', op('f32.reinterpret_i32', op('i32.and', moved, i32(halfBits))), f32(halfFactor));
}

/** The number of one group, an f32. */
export function scaleAt(f: FunctionBuilder, own: GroupedCodes, { scales, steps }: RowOfScales, group: Local): Local {
  const at = op('i32.add', scales, op('i32.shl', group, i32(Math.log2(scaleBytes[own.scales]))));
  const rules: Readonly<Record<ScaleKind, () => Expression>> = {
    f32: () => memoryOp('f32.load', 0, [at]),
    f16: () => halfAt(at),
    i8: () => {
      const step = op('i32.shl', op('i32.shr_u', group, i32(groupsOfStepBits(own))), i32(1));
      const code = op('f32.convert_i32_s', memoryOp('i32.load8_s', 0, [at]));
      return op('f32.mul', code, halfAt(op('i32.add', steps, step)));
    },
    e8: () => {
      const exponent = f.let(memoryOp('i32.load8_u', 0, [at]));
      const bits = select(exponent, op('i32.shl', exponent, i32(23)), i32(0x400000));
      return op('f32.mul', op('f32.reinterpret_i32', bits), f32(0.5));
    },
  };
  return f.let(rules[own.scales]());
}

/**
 * Reads the numbers of `count` groups, up to four, from an address on, into the lanes of f32; in the others is some number. The first is
 * one of every fourth of a row.
 */
export type ScaleReader = (scales: Local, step: Expression, count: number) => Local;

/** Four numbers from what they are stored in, in the lowest bytes of a vector, and from their steps, of f16, in those of another. */
export type ScaleRule = (read: Expression, steps: () => Expression) => Expression;

/** Code that makes numbers of what was read. */
export function scaleRule(f: FunctionBuilder, own: GroupedCodes): ScaleRule {
  const { scales: kind } = own;
  const [bits, factor] = [f.let(op('i32x4.splat', i32(halfBits))), f.let(op('f32x4.splat', f32(halfFactor)))];
  const widened = (halves: Expression): Expression => {
    const words = op('i32x4.shl', op('i32x4.extend_low_i16x8_s', halves), i32(13));
    return op('f32x4.mul', op('v128.and', words, bits), factor);
  };
  const rules: Readonly<Record<ScaleKind, ScaleRule>> = {
    f32: (read) => read,
    f16: (read) => widened(read),
    i8: (read, steps) => {
      const codes = op('i32x4.extend_low_i16x8_s', op('i16x8.extend_low_i8x16_s', read));
      return op('f32x4.mul', op('f32x4.convert_i32x4_s', codes), widened(steps()));
    },
    e8: (read) => {
      const bytes = f.let(op('i32x4.extend_low_i16x8_u', op('i16x8.extend_low_i8x16_u', read)));
      const isLeast = op('v128.and', op('i32x4.eq', bytes, v128([0, 0, 0, 0])), op('i32x4.splat', i32(0x400000)));
      const whole = op('v128.or', op('i32x4.shl', bytes, i32(23)), isLeast);
      return op('f32x4.mul', whole, op('f32x4.splat', f32(0.5)));
    },
  };
  return rules[kind];
}

/** Code that reads some at a time; `step` is the address of what the first shares with others. */
export function scaleReader(f: FunctionBuilder, own: GroupedCodes): ScaleReader {
  const numbers = scaleRule(f, own);
  return (scales, step, count) =>
    f.let(numbers(fewBytes(f, scales, 0, count * scaleBytes[own.scales]), () => stepsOf(f, own, step, count)));
}

/** The steps of up to four groups in lanes of 16 bits: large groups have not one for all of them. */
function stepsOf(f: FunctionBuilder, own: GroupedCodes, step: Expression, count: number): Expression {
  const bits = groupsOfStepBits(own);
  if (bits >= 2) return memoryOp('v128.load16_splat', 0, [step]);
  const steps = f.let(fewBytes(f, f.let(step), 0, Math.ceil(count / 2 ** bits) * 2));
  return bits === 0 ? steps : shuffle16(steps, steps, [0, 0, 1, 1, 0, 0, 1, 1]);
}
