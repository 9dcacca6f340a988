/**
 * Values of generated loops. A value is either the same for all lanes, held as one scalar, or differs by lane, held in
 * vector registers: four lanes each, two for f64. A bool is 0 or 1 as a scalar and a mask of ones in a vector lane. The bits of numbers of
 * 16 bits lie eight in a register, or four that are there twice, and are an i32 with their sign as a scalar.
 */
import type { ComputeDType } from '../../../dtype/dtype.ts';
import { i32, laneOp, op, type Expression } from '../assembler/expression.ts';

/** What lanes hold: numbers of a compute dtype, or 16 bits as they are stored. */
export type LaneDType = ComputeDType | 'bits16';

/** A value of the loop body; `registers` may be emitted any number of times. */
export interface Value {
  readonly dtype: LaneDType;
  /** 1 for a scalar, else a multiple of 4. */
  readonly lanes: number;
  readonly registers: readonly Expression[];
}

/** Lanes in one vector register. */
export function lanesPerRegister(dtype: LaneDType): 2 | 4 | 8 {
  return dtype === 'f64' ? 2 : dtype === 'bits16' ? 8 : 4;
}

/** The single register of a scalar value. */
export function scalarOf(value: Value): Expression {
  return value.registers[0] as Expression;
}

/** A vector register with `scalar` in each lane. */
export function splat(dtype: LaneDType, scalar: Expression): Expression {
  if (dtype === 'bits16') return op('i16x8.splat', scalar);
  if (dtype === 'f32') return op('f32x4.splat', scalar);
  if (dtype === 'f64') return op('f64x2.splat', scalar);
  return op('i32x4.splat', dtype === 'bool' ? op('i32.sub', i32(0), scalar) : scalar);
}

/** One lane of a vector value as a scalar. */
export function extractLane(dtype: LaneDType, registers: readonly Expression[], lane: number): Expression {
  const perRegister = lanesPerRegister(dtype);
  const register = registers[Math.floor(lane / perRegister)] as Expression;
  const within = lane % perRegister;
  if (dtype === 'f32') return laneOp('f32x4.extract_lane', within, register);
  if (dtype === 'f64') return laneOp('f64x2.extract_lane', within, register);
  if (dtype === 'bits16') return laneOp('i16x8.extract_lane_s', within, register);
  const word = laneOp('i32x4.extract_lane', within, register);
  return dtype === 'bool' ? op('i32.and', word, i32(1)) : word;
}

/** Vector registers made of one scalar per lane. */
export function collectLanes(dtype: ComputeDType, scalars: readonly Expression[]): Expression[] {
  const perRegister = lanesPerRegister(dtype);
  const replace =
    dtype === 'f32' ? 'f32x4.replace_lane' : dtype === 'f64' ? 'f64x2.replace_lane' : 'i32x4.replace_lane';
  const registers: Expression[] = [];
  for (let start = 0; start < scalars.length; start += perRegister) {
    let register = splat(dtype, scalars[start] as Expression);
    for (let lane = 1; lane < perRegister; lane++) {
      const scalar = scalars[start + lane] as Expression;
      register = laneOp(replace, lane, register, dtype === 'bool' ? op('i32.sub', i32(0), scalar) : scalar);
    }
    registers.push(register);
  }
  return registers;
}
