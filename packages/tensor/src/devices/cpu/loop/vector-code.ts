/** WebAssembly for the scalar instructions on vectors; what has no vector form is done lane by lane. */
import type { ComputeDType } from '../../../dtype/dtype.ts';
import type { ScalarOp } from '../../../scalar/instructions.ts';
import { i32, op, shuffle32, v128, type Expression } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { PlainOp } from '../assembler/opcodes.ts';
import type { MathLibrary } from '../math/math-library.ts';
import { scalarCode } from './scalar-code.ts';
import { collectLanes, extractLane } from './value.ts';
import { vectorMathFunction } from './vector-math.ts';

/** One instruction on vectors of `lanes` lanes; operands are lists of registers. */
export interface VectorSite {
  readonly op: ScalarOp;
  readonly dtype: ComputeDType;
  readonly result: ComputeDType;
  readonly operands: readonly (readonly Expression[])[];
  /** Dtypes of the operands, which differ in `select`. */
  readonly operandDTypes: readonly ComputeDType[];
  /** The shift count, where it is one number for all lanes. */
  readonly shiftCount: Expression | undefined;
  /** The second operand, where it is a constant. */
  readonly constant: number | undefined;
  readonly lanes: number;
  readonly library: MathLibrary;
  /** What the code is a part of. */
  readonly f: FunctionBuilder;
}

const float = (name: string): Partial<Record<ComputeDType, PlainOp>> => ({
  f32: `f32x4.${name}` as PlainOp,
  f64: `f64x2.${name}` as PlainOp,
});
const bits = (name: PlainOp): Partial<Record<ComputeDType, PlainOp>> => ({ i32: name, u32: name, bool: name });

/** Instructions that are one machine instruction a register. */
const direct: Readonly<Partial<Record<ScalarOp, Partial<Record<ComputeDType, PlainOp>>>>> = {
  add: { ...float('add'), i32: 'i32x4.add', u32: 'i32x4.add' },
  sub: { ...float('sub'), i32: 'i32x4.sub', u32: 'i32x4.sub' },
  mul: { ...float('mul'), i32: 'i32x4.mul', u32: 'i32x4.mul' },
  div: float('div'),
  neg: { ...float('neg'), i32: 'i32x4.neg', u32: 'i32x4.neg' },
  abs: { ...float('abs'), i32: 'i32x4.abs' },
  min: { ...float('min'), i32: 'i32x4.min_s', u32: 'i32x4.min_u' },
  max: { ...float('max'), i32: 'i32x4.max_s', u32: 'i32x4.max_u' },
  floor: float('floor'),
  ceil: float('ceil'),
  trunc: float('trunc'),
  round: float('nearest'),
  sqrt: float('sqrt'),
  and: bits('v128.and'),
  or: bits('v128.or'),
  xor: bits('v128.xor'),
  lt: { f32: 'f32x4.lt', i32: 'i32x4.lt_s', u32: 'i32x4.lt_u' },
  le: { f32: 'f32x4.le', i32: 'i32x4.le_s', u32: 'i32x4.le_u' },
  eq: { f32: 'f32x4.eq', i32: 'i32x4.eq', u32: 'i32x4.eq', bool: 'i32x4.eq' },
};

/** Whether the instruction has a form on whole vectors; the planner of loops weighs by it. */
export function hasVectorForm(operation: ScalarOp, dtype: ComputeDType): boolean {
  if (direct[operation]?.[dtype] !== undefined || special[operation] !== undefined) return true;
  return (dtype === 'f32' && vectorMathFunction(operation) !== undefined) || (operation === 'abs' && dtype === 'u32');
}

/** The registers of the result. */
export function vectorCode(site: VectorSite): readonly Expression[] {
  const bounded = boundBy(site);
  if (bounded !== undefined) return bounded;
  const name = direct[site.op]?.[site.dtype];
  if (name !== undefined) return perRegister(site, (operands) => op(name, ...operands));
  if (site.op === 'abs' && site.dtype === 'u32') return site.operands[0] ?? [];
  const library = site.dtype === 'f32' ? vectorMathFunction(site.op) : undefined;
  if (library !== undefined) return perRegister(site, (operands) => site.library.within(site.f, library, ...operands));
  return special[site.op]?.(site) ?? laneByLane(site);
}

/**
 * IEEE minima and maxima take eight machine instructions on x86, pseudo-minima one. They agree, NaN in the first operand
 * included, for a constant second operand where the order of the zeros does not matter; adding 0 turns -0 into 0 for the one
 * that does and is common, max(x, 0).
 */
function boundBy(site: VectorSite): Expression[] | undefined {
  const { op: operation, dtype, constant } = site;
  if ((dtype !== 'f32' && dtype !== 'f64') || constant === undefined || Number.isNaN(constant)) return undefined;
  const shape = dtype === 'f32' ? 'f32x4' : 'f64x2';
  if (operation === 'max') {
    const first = (x: Expression, zero: Expression): Expression =>
      Object.is(constant, 0) ? op(`${shape}.add`, x, zero) : x;
    return perRegister(site, ([x, bound]) =>
      op(`${shape}.pmax`, first(x as Expression, bound as Expression), bound as Expression),
    );
  }
  if (operation !== 'min' || Object.is(constant, -0)) return undefined;
  return perRegister(site, (operands) => op(`${shape}.pmin`, ...operands));
}

function perRegister(site: VectorSite, build: (operands: readonly Expression[]) => Expression): Expression[] {
  const first = site.operands[0] ?? [];
  return first.map((_, i) => build(site.operands.map((registers) => registers[i] as Expression)));
}

function laneByLane(site: VectorSite): Expression[] {
  const scalars = Array.from({ length: site.lanes }, (_, lane) =>
    scalarCode({
      ...site,
      operands: site.operands.map((registers, i) =>
        extractLane(site.operandDTypes[i] as ComputeDType, registers, lane),
      ),
    }),
  );
  return collectLanes(site.result, scalars);
}

/** Rules that look at more than one register, or at the dtypes; `undefined` leaves the instruction to the scalar rules. */
const special: Readonly<Partial<Record<ScalarOp, (site: VectorSite) => readonly Expression[] | undefined>>> = {
  lt: (site) =>
    site.dtype === 'f64'
      ? compareF64(site, 'f64x2.lt')
      : perRegister(site, ([a, b]) => op('v128.andnot', b as Expression, a as Expression)),
  le: (site) =>
    site.dtype === 'f64'
      ? compareF64(site, 'f64x2.le')
      : perRegister(site, ([a, b]) => op('v128.or', b as Expression, op('v128.not', a as Expression))),
  eq: (site) => (site.dtype === 'f64' ? compareF64(site, 'f64x2.eq') : undefined),
  select: (site) => {
    const [condition = [], whenTrue = [], whenFalse = []] = site.operands;
    const masks = site.dtype === 'f64' ? widenMasks(condition) : condition;
    return whenTrue.map((register, i) =>
      op('v128.bitselect', register, whenFalse[i] as Expression, masks[i] as Expression),
    );
  },
  shl: (site) => shiftBy(site, 'i32x4.shl'),
  shr: (site) => shiftBy(site, site.dtype === 'i32' ? 'i32x4.shr_s' : 'i32x4.shr_u'),
  mulhi: (site) =>
    perRegister(site, ([a, b]) =>
      shuffle32(
        op('i64x2.extmul_low_i32x4_u', a as Expression, b as Expression),
        op('i64x2.extmul_high_i32x4_u', a as Expression, b as Expression),
        [1, 3, 5, 7],
      ),
    ),
  cast: (site) => convertVector(site.dtype, site.result, site.operands[0] ?? []),
  bitcast: (site) => site.operands[0],
};

function shiftBy(site: VectorSite, name: PlainOp): Expression[] | undefined {
  const { shiftCount } = site;
  return shiftCount === undefined
    ? undefined
    : (site.operands[0] ?? []).map((register) => op(name, register, shiftCount));
}

function compareF64(site: VectorSite, name: PlainOp): Expression[] {
  const wide = perRegister(site, (operands) => op(name, ...operands));
  return pairs(wide).map(([low, high]) => shuffle32(low, high, [0, 2, 4, 6]));
}

function widenMasks(masks: readonly Expression[]): Expression[] {
  return masks.flatMap((mask) => [op('i64x2.extend_low_i32x4_s', mask), op('i64x2.extend_high_i32x4_s', mask)]);
}

function pairs(registers: readonly Expression[]): [Expression, Expression][] {
  return Array.from({ length: registers.length / 2 }, (_, i) => [
    registers[2 * i] as Expression,
    registers[2 * i + 1] as Expression,
  ]);
}

const one = {
  f32: v128([0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000]),
  i32: v128([1, 1, 1, 1]),
  zero: v128([0, 0, 0, 0]),
};
const upperHalf = (register: Expression): Expression => shuffle32(register, register, [2, 3, 2, 3]);

/** Conversion of whole vectors between compute dtypes; see `convertScalar`. */
export function convertVector(
  from: ComputeDType,
  to: ComputeDType,
  registers: readonly Expression[],
): readonly Expression[] {
  if (from === to) return registers;
  if (from === 'f64') {
    if (to === 'bool')
      return pairs(registers.map((register) => op('f64x2.ne', register, one.zero))).map(([low, high]) =>
        shuffle32(low, high, [0, 2, 4, 6]),
      );
    const narrow: PlainOp =
      to === 'f32'
        ? 'f32x4.demote_f64x2_zero'
        : to === 'i32'
          ? 'i32x4.trunc_sat_f64x2_s_zero'
          : 'i32x4.trunc_sat_f64x2_u_zero';
    return pairs(registers).map(([low, high]) => shuffle32(op(narrow, low), op(narrow, high), [0, 1, 4, 5]));
  }
  if (to === 'f64') {
    const source = from === 'bool' ? registers.map((mask) => op('v128.and', mask, one.i32)) : registers;
    const widen: PlainOp =
      from === 'f32'
        ? 'f64x2.promote_low_f32x4'
        : from === 'u32'
          ? 'f64x2.convert_low_i32x4_u'
          : 'f64x2.convert_low_i32x4_s';
    return source.flatMap((register) => [op(widen, register), op(widen, upperHalf(register))]);
  }
  if (to === 'bool')
    return registers.map((register) => op(from === 'f32' ? 'f32x4.ne' : 'i32x4.ne', register, one.zero));
  if (from === 'bool') return registers.map((mask) => op('v128.and', mask, to === 'f32' ? one.f32 : one.i32));
  if (to === 'f32')
    return registers.map((register) =>
      op(from === 'i32' ? 'f32x4.convert_i32x4_s' : 'f32x4.convert_i32x4_u', register),
    );
  if (from === 'f32')
    return registers.map((register) =>
      op(to === 'i32' ? 'i32x4.trunc_sat_f32x4_s' : 'i32x4.trunc_sat_f32x4_u', register),
    );
  return registers;
}

/** i32 lane numbers times `stride`, for the lanes of register `register`. */
export function laneNumbers(register: number, stride: number): Expression {
  const word = (lane: number): number => Math.imul(register * 4 + lane, stride);
  return v128([word(0), word(1), word(2), word(3)]);
}

/** An all-zero register. */
export const zeroVector: Expression = one.zero;

/** Adds a scalar i32 to every lane. */
export function addScalar(register: Expression, scalar: Expression): Expression {
  return op('i32x4.add', register, op('i32x4.splat', scalar));
}

/** The low bit of each mask lane. */
export function maskBits(mask: Expression): Expression {
  return op('i32x4.shr_u', mask, i32(31));
}
