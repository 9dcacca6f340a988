/**
 * The largest or the least of numbers of 16 bits, by their bits. Those of numbers above 0 are in order as they are, those of numbers below
 * in the opposite one: of each the largest as a whole number with a sign is kept, and the largest and the least without one. NaN of
 * either sign comes beyond the infinity of that sign.
 */
import type { DType } from '../../../dtype/dtype.ts';
import { i32, op, shuffle16, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { Instruction } from './steps.ts';
import { extractLane, lanesPerRegister, splat, type Value } from './value.ts';

/** What is known of the numbers so far, in registers of eight lanes. */
export interface BitExtremum {
  readonly step: Instruction<'reduce'>;
  readonly dtype: DType;
  /** The largest with a sign, the least without, the largest without. */
  readonly found: readonly (readonly [Local, Local, Local])[];
}

/** Which instruction finds each of the three. */
const instructions = ['i16x8.max_s', 'i16x8.min_u', 'i16x8.max_u'] as const;

const infinities: Readonly<Partial<Record<DType, number>>> = { f16: 0x7c00, bf16: 0x7f80 };
const infinityOf = (dtype: DType): number => infinities[dtype] as number;
const signBit = 0x8000;

/** Starts with the infinity that every number is beyond, or no less. */
export function startBits(f: FunctionBuilder, step: Instruction<'reduce'>, dtype: DType, lanes: number): BitExtremum {
  const least = i32(infinityOf(dtype) | (step.op === 'max' ? signBit : 0));
  const found = Array.from(
    { length: Math.ceil(lanes / lanesPerRegister('bits16')) },
    () => instructions.map(() => f.let(splat('bits16', least))) as [Local, Local, Local],
  );
  return { step, dtype, found };
}

/** Takes a value in, that of a single index in all lanes: whoever comes twice changes nothing. */
export function addBits(f: FunctionBuilder, { found }: BitExtremum, { lanes, registers }: Value): void {
  for (const [i, register] of registers.entries()) {
    const x = f.let(lanes === 1 ? splat('bits16', register) : register);
    for (const [kind, name] of instructions.entries()) {
      const so = found[i]?.[kind] as Local;
      f.set(so, op(name, so, x));
    }
  }
}

/** The extremum in each lane, or, if lanes are `joined`, the one of all. */
export function finishBits(
  f: FunctionBuilder,
  { step, dtype, found }: BitExtremum,
  lanes: number,
  joined: boolean,
): Value {
  const infinity = infinityOf(dtype);
  const splatted = (bits: number): Expression => splat('bits16', i32(bits));
  const registers = (joined ? [joinedLanes(f, found)] : found).map(([signed, least, most]) => {
    // A maximum is below 0 if all are, a minimum if any is.
    const [chosen, below, above] = step.op === 'max' ? [signed, least, signed] : [most, most, least];
    const isBelow = op('i16x8.shr_s', chosen, i32(15));
    const isWrong = op(
      'v128.or',
      op('i16x8.eq', most, op('i16x8.max_u', most, splatted((infinity | signBit) + 1))),
      op('i16x8.eq', signed, op('i16x8.max_s', signed, splatted(infinity + 1))),
    );
    return f.let(op('v128.or', op('v128.bitselect', below, above, isBelow), isWrong));
  });
  if (lanes > 1) return { dtype: 'bits16', lanes, registers };
  return { dtype: 'bits16', lanes, registers: [f.let(extractLane('bits16', registers, 0))] };
}

/** What is known of all lanes, in each of them. */
function joinedLanes(f: FunctionBuilder, found: BitExtremum['found']): BitExtremum['found'][number] {
  return instructions.map((name, kind) => {
    const all = found.map((each) => each[kind] as Local).reduce((a, b) => f.let(op(name, a, b)));
    return [4, 2, 1].reduce((register, apart) => {
      const others = [0, 1, 2, 3, 4, 5, 6, 7].map((lane) => (lane + apart) % 8);
      return f.let(op(name, register, shuffle16(register, register, others)));
    }, all);
  }) as [Local, Local, Local];
}
