/** WebAssembly for the scalar instructions on scalars, one rule an instruction. */
import type { ComputeDType } from '../../../dtype/dtype.ts';
import { InternalError } from '../../../errors.ts';
import type { ScalarOp } from '../../../scalar/instructions.ts';
import { f32, f64, i32, op, select, type Expression } from '../assembler/expression.ts';
import type { PlainOp } from '../assembler/opcodes.ts';
import type { HostOperation } from '../math/host-functions.ts';
import type { MathLibrary } from '../math/math-library.ts';
import { vectorMathFunction } from './vector-math.ts';

/** Everything a rule may look at. Operands may be emitted more than once. */
export interface ScalarSite {
  readonly op: ScalarOp;
  /** Of the (first value) argument. */
  readonly dtype: ComputeDType;
  readonly result: ComputeDType;
  readonly operands: readonly Expression[];
  readonly library: MathLibrary;
}

type Rule = (site: ScalarSite) => Expression;
type ByDType = Partial<Record<ComputeDType, Rule>>;

const plain =
  (name: PlainOp): Rule =>
  (site) =>
    op(name, ...site.operands);
const floats = (suffix: string): ByDType => ({
  f32: plain(`f32.${suffix}` as PlainOp),
  f64: plain(`f64.${suffix}` as PlainOp),
});
const integers = (signed: PlainOp, unsigned: PlainOp): ByDType => ({ i32: plain(signed), u32: plain(unsigned) });
const operand = (site: ScalarSite, position: number): Expression => site.operands[position] as Expression;
const pick =
  (signed: PlainOp): Rule =>
  ({ operands: [a, b] }) =>
    select(op(signed, a as Expression, b as Expression), a as Expression, b as Expression);
const negate: Rule = (site) => op('i32.sub', i32(0), operand(site, 0));

const transcendental: ByDType = {
  f32: (site) => {
    const vector = vectorMathFunction(site.op);
    return vector === undefined
      ? site.library.hostF32(site.op as HostOperation, ...site.operands)
      : site.library.callOnScalars(vector, ...site.operands);
  },
  f64: (site) => site.library.host(site.op as HostOperation, ...site.operands),
};

const compare = (suffix: 'lt' | 'le'): ByDType => ({
  ...floats(suffix),
  ...integers(`i32.${suffix}_s`, `i32.${suffix}_u`),
  bool: plain(`i32.${suffix}_u`),
});
const bitwise = (suffix: 'and' | 'or' | 'xor'): ByDType => ({
  i32: plain(`i32.${suffix}`),
  u32: plain(`i32.${suffix}`),
  bool: plain(`i32.${suffix}`),
});
const always = (rule: Rule): ByDType => ({ f32: rule, f64: rule, i32: rule, u32: rule, bool: rule });

const highProduct: Rule = (site) => {
  const wide = (position: number): Expression => op('i64.extend_i32_u', operand(site, position));
  return op('i32.wrap_i64', op('i64.shr_u', op('i64.mul', wide(0), wide(1)), op('i64.extend_i32_u', i32(32))));
};

const rules: Readonly<Record<ScalarOp, ByDType>> = {
  add: { ...floats('add'), ...integers('i32.add', 'i32.add') },
  sub: { ...floats('sub'), ...integers('i32.sub', 'i32.sub') },
  mul: { ...floats('mul'), ...integers('i32.mul', 'i32.mul') },
  div: {
    ...floats('div'),
    i32: (site) => site.library.call('divideSigned', ...site.operands),
    u32: (site) => site.library.call('divideUnsigned', ...site.operands),
  },
  rem: {
    f32: (site) => site.library.call('remainderF32', ...site.operands),
    f64: transcendental.f64 as Rule,
    i32: (site) => site.library.call('remainderSigned', ...site.operands),
    u32: (site) => site.library.call('remainderUnsigned', ...site.operands),
  },
  neg: { ...floats('neg'), i32: negate, u32: negate },
  abs: {
    ...floats('abs'),
    i32: (site) => select(op('i32.lt_s', operand(site, 0), i32(0)), negate(site), operand(site, 0)),
    u32: (site) => operand(site, 0),
  },
  min: { ...floats('min'), i32: pick('i32.lt_s'), u32: pick('i32.lt_u') },
  max: { ...floats('max'), i32: pick('i32.gt_s'), u32: pick('i32.gt_u') },
  pow: transcendental,
  floor: floats('floor'),
  ceil: floats('ceil'),
  trunc: floats('trunc'),
  round: floats('nearest'),
  sqrt: floats('sqrt'),
  exp: transcendental,
  log: transcendental,
  sin: transcendental,
  cos: transcendental,
  tanh: transcendental,
  atan: transcendental,
  erf: transcendental,
  lt: compare('lt'),
  le: compare('le'),
  eq: { ...floats('eq'), ...integers('i32.eq', 'i32.eq'), bool: plain('i32.eq') },
  and: bitwise('and'),
  or: bitwise('or'),
  xor: bitwise('xor'),
  shl: integers('i32.shl', 'i32.shl'),
  shr: integers('i32.shr_s', 'i32.shr_u'),
  mulhi: { i32: highProduct, u32: highProduct },
  select: always((site) => select(operand(site, 0), operand(site, 1), operand(site, 2))),
  cast: always((site) => convertScalar(site.dtype, site.result, operand(site, 0))),
  bitcast: always((site) => bitcastScalar(site.dtype, site.result, operand(site, 0))),
};

/** The expression for one scalar instruction on scalars. */
export function scalarCode(site: ScalarSite): Expression {
  const rule = rules[site.op][site.dtype];
  if (rule === undefined)
    throw new InternalError('cpu', `the scalar instruction ${site.op} is not defined on ${site.dtype}`);
  return rule(site);
}

/** Conversion between compute dtypes: truncating and saturating to integers, wrapping between them. */
export function convertScalar(from: ComputeDType, to: ComputeDType, value: Expression): Expression {
  if (from === to) return value;
  const source = from === 'f32' || from === 'f64' ? from : undefined;
  if (to === 'bool')
    return source ? op(`${source}.ne`, value, source === 'f32' ? f32(0) : f64(0)) : op('i32.ne', value, i32(0));
  if (to === 'f32')
    return source ? op('f32.demote_f64', value) : op(from === 'i32' ? 'f32.convert_i32_s' : 'f32.convert_i32_u', value);
  if (to === 'f64')
    return source
      ? op('f64.promote_f32', value)
      : op(from === 'i32' ? 'f64.convert_i32_s' : 'f64.convert_i32_u', value);
  return source ? op(`i32.trunc_sat_${source}_${to === 'i32' ? 's' : 'u'}`, value) : value;
}

function bitcastScalar(from: ComputeDType, to: ComputeDType, value: Expression): Expression {
  if (from === 'f32' && to !== 'f32') return op('i32.reinterpret_f32', value);
  return from !== 'f32' && to === 'f32' ? op('f32.reinterpret_i32', value) : value;
}
