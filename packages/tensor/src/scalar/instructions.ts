/**
 * The scalar language in which the meaning of every element-wise operation is written once. A device needs to
 * know only these instructions to run every element-wise op, fused or alone.
 *
 * `evaluate` here *is* the definition: devices are tested against it. Numbers are doubles; the interpreter
 * rounds the result of each instruction to the instruction's compute dtype.
 */
import { saturateToInt32, saturateToUint32, type ComputeDType } from '../dtype/dtype.ts';
import { roundHalfEven } from '../dtype/half.ts';
import { errorFunction } from './error-function.ts';

/** The name of a scalar instruction. */
export type ScalarOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'rem'
  | 'neg'
  | 'abs'
  | 'min'
  | 'max'
  | 'pow'
  | 'floor'
  | 'ceil'
  | 'trunc'
  | 'round'
  | 'sqrt'
  | 'exp'
  | 'log'
  | 'sin'
  | 'cos'
  | 'tanh'
  | 'atan'
  | 'erf'
  | 'lt'
  | 'le'
  | 'eq'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'shr'
  | 'mulhi'
  | 'select'
  | 'cast'
  | 'bitcast';

/** Which compute dtypes an instruction is defined on (the type of its arguments; `select`'s of the two branches). */
export type ScalarDomain = 'number' | 'float' | 'integer' | 'bits' | 'any';

/** What is particular to one instruction. */
export interface ScalarInstruction {
  readonly arity: 1 | 2 | 3;
  /**
   * `number`: f32 f64 i32 u32. `float`: f32 f64. `integer`: i32 u32. `bits`: i32 u32 bool. `any`: all of them.
   * `cast` converts between any two; `bitcast` between f32, i32 and u32.
   */
  readonly domain: ScalarDomain;
  /** `same` as the arguments, or always `bool`; `declared` takes the dtype written on the instruction. */
  readonly result: 'same' | 'bool' | 'declared';
  /** Rough cost relative to an addition; devices choose how to walk a loop by it. */
  readonly cost: number;
  /** The defining value. `dtype` is the compute dtype of the (first value) argument; integers arrive wrapped. */
  readonly evaluate: (dtype: ComputeDType, a: number, b: number, c: number) => number;
}

const wrap = (dtype: ComputeDType, value: number): number =>
  dtype === 'i32' ? value | 0 : dtype === 'u32' ? value >>> 0 : value;
const isInteger = (dtype: ComputeDType): boolean => dtype === 'i32' || dtype === 'u32';

function instruction(
  arity: 1 | 2 | 3,
  domain: ScalarDomain,
  result: ScalarInstruction['result'],
  cost: number,
  evaluate: ScalarInstruction['evaluate'],
): ScalarInstruction {
  return { arity, domain, result, cost, evaluate };
}

const scratch = new DataView(new ArrayBuffer(4));

/** Reinterprets the 32 bits of a value of dtype `from` as dtype `to`. */
export function bitcast(from: ComputeDType, to: ComputeDType, value: number): number {
  if (from === 'f32') scratch.setFloat32(0, value);
  else scratch.setUint32(0, value >>> 0);
  return to === 'f32' ? scratch.getFloat32(0) : to === 'i32' ? scratch.getInt32(0) : scratch.getUint32(0);
}

/** Converts a value between compute dtypes: floats to integers truncate and saturate, NaN becomes 0; integers wrap. */
export function convert(from: ComputeDType, to: ComputeDType, value: number): number {
  if (to === 'bool') return value === 0 ? 0 : 1;
  if (to === 'f32') return Math.fround(value);
  if (to === 'f64') return value;
  if (isInteger(from)) return wrap(to, value);
  return to === 'i32' ? saturateToInt32(value) : saturateToUint32(value);
}

/** IEEE 754-2019 minimum and maximum: NaN propagates, -0 is less than +0 (what JavaScript's Math.min and max do). */
const minimum = (_: ComputeDType, a: number, b: number): number => Math.min(a, b);
const maximum = (_: ComputeDType, a: number, b: number): number => Math.max(a, b);

/** The table of scalar instructions. */
export const scalarInstructions: Readonly<Record<ScalarOp, ScalarInstruction>> = {
  // Integers wrap modulo 2^32. Float results are rounded by the caller.
  add: instruction(2, 'number', 'same', 1, (d, a, b) => wrap(d, a + b)),
  sub: instruction(2, 'number', 'same', 1, (d, a, b) => wrap(d, a - b)),
  mul: instruction(2, 'number', 'same', 1, (d, a, b) => (isInteger(d) ? wrap(d, Math.imul(a, b)) : a * b)),
  // Integer division truncates towards zero; a zero divisor gives 0 and -2^31 / -1 gives -2^31, so that no input traps.
  div: instruction(2, 'number', 'same', 4, (d, a, b) =>
    isInteger(d) ? (b === 0 ? 0 : wrap(d, Math.trunc(a / b))) : a / b,
  ),
  // The sign of the dividend, as C's fmod; 0 for a zero integer divisor, NaN for a zero float divisor.
  rem: instruction(2, 'number', 'same', 6, (d, a, b) => (isInteger(d) ? (b === 0 ? 0 : wrap(d, a % b)) : a % b)),
  neg: instruction(1, 'number', 'same', 1, (d, a) => wrap(d, -a)),
  abs: instruction(1, 'number', 'same', 1, (d, a) => wrap(d, Math.abs(a))),
  min: instruction(2, 'number', 'same', 1, minimum),
  max: instruction(2, 'number', 'same', 1, maximum),
  pow: instruction(2, 'float', 'same', 30, (_, a, b) =>
    a === 1 || b === 0 ? 1 : a === -1 && Math.abs(b) === Infinity ? 1 : a ** b,
  ),
  floor: instruction(1, 'float', 'same', 1, (_, a) => Math.floor(a)),
  ceil: instruction(1, 'float', 'same', 1, (_, a) => Math.ceil(a)),
  trunc: instruction(1, 'float', 'same', 1, (_, a) => Math.trunc(a)),
  round: instruction(1, 'float', 'same', 1, (_, a) => roundHalfEven(a)),
  sqrt: instruction(1, 'float', 'same', 4, (_, a) => Math.sqrt(a)),
  exp: instruction(1, 'float', 'same', 12, (_, a) => Math.exp(a)),
  log: instruction(1, 'float', 'same', 14, (_, a) => Math.log(a)),
  sin: instruction(1, 'float', 'same', 16, (_, a) => Math.sin(a)),
  cos: instruction(1, 'float', 'same', 16, (_, a) => Math.cos(a)),
  tanh: instruction(1, 'float', 'same', 16, (_, a) => Math.tanh(a)),
  atan: instruction(1, 'float', 'same', 16, (_, a) => Math.atan(a)),
  erf: instruction(1, 'float', 'same', 20, (_, a) => errorFunction(a)),
  // Comparisons with NaN are false.
  lt: instruction(2, 'any', 'bool', 1, (_, a, b) => (a < b ? 1 : 0)),
  le: instruction(2, 'any', 'bool', 1, (_, a, b) => (a <= b ? 1 : 0)),
  eq: instruction(2, 'any', 'bool', 1, (_, a, b) => (a === b ? 1 : 0)),
  and: instruction(2, 'bits', 'same', 1, (d, a, b) => wrap(d, a & b)),
  or: instruction(2, 'bits', 'same', 1, (d, a, b) => wrap(d, a | b)),
  xor: instruction(2, 'bits', 'same', 1, (d, a, b) => wrap(d, a ^ b)),
  // Shift counts are taken modulo 32. `shr` is arithmetic on i32, logical on u32.
  shl: instruction(2, 'integer', 'same', 1, (d, a, b) => wrap(d, a << (b & 31))),
  shr: instruction(2, 'integer', 'same', 1, (d, a, b) => (d === 'i32' ? a >> (b & 31) : a >>> (b & 31))),
  // The high 32 bits of the 64-bit product of two u32; counter-based generators are built on it.
  mulhi: instruction(2, 'integer', 'same', 4, (_, a, b) => Number((BigInt(a >>> 0) * BigInt(b >>> 0)) >> 32n)),
  // select(condition: bool, whenTrue, whenFalse)
  select: instruction(3, 'any', 'same', 1, (_, condition, a, b) => (condition === 0 ? b : a)),
  cast: instruction(1, 'any', 'declared', 1, (_, a) => a),
  bitcast: instruction(1, 'any', 'declared', 0, (_, a) => a),
};
