/**
 * The scalar instructions in WGSL: one row of the table per instruction, each agreeing with `scalarInstructions`.
 */
import type { ComputeDType } from '../../../dtype/dtype.ts';
import { DTypeError } from '../../../errors.ts';
import type { ScalarOp } from '../../../scalar/instructions.ts';
import type { WgslModule } from './wgsl-module.ts';

/** Arguments are names of `let` values, so they may be repeated freely and are never constant expressions. */
interface ScalarSite {
  readonly module: WgslModule;
  /** The compute dtype of the first value argument. */
  readonly from: ComputeDType;
  /** The dtype of the result. */
  readonly to: ComputeDType;
  readonly args: readonly string[];
}

type Rule = (site: ScalarSite) => string;

const infix =
  (operator: string): Rule =>
  ({ args: [a, b] }) =>
    `${a} ${operator} ${b}`;
const builtin =
  (name: string): Rule =>
  ({ args }) =>
    `${name}(${args.join(', ')})`;
const library =
  (name: string): Rule =>
  ({ module, args }) =>
    `${module.use(name)}(${args.join(', ')})`;

/** A rule that depends on the argument's dtype. */
function byDtype(rules: Partial<Record<ComputeDType, Rule>>): Rule {
  return (site) => {
    const rule = rules[site.from];
    if (rule === undefined)
      throw new DTypeError('webgpu', `an instruction has no ${site.from} form: cast its arguments first`);
    return rule(site);
  };
}

const compare = (float: string, operator: string, bool: Rule): Rule =>
  byDtype({ f32: library(float), i32: infix(operator), u32: infix(operator), bool });

const castRules: Readonly<Record<string, Rule>> = {
  'f32 i32': library('to_i32'),
  'f32 u32': library('to_u32'),
  'f32 bool': ({ args: [a] }) => `(bitcast<u32>(${a}) & 0x7fffffffu) != 0u`,
  'i32 u32': builtin('bitcast<u32>'),
  'u32 i32': builtin('bitcast<i32>'),
};

const rules: Readonly<Record<ScalarOp, Rule>> = {
  add: infix('+'),
  sub: infix('-'),
  mul: infix('*'),
  div: byDtype({ f32: infix('/'), i32: library('divide_i32'), u32: library('divide_u32') }),
  rem: byDtype({ f32: library('remainder_f32'), i32: library('remainder_i32'), u32: library('remainder_u32') }),
  neg: byDtype({
    // By the sign bit: 0 - x would lose the sign of zero.
    f32: ({ args: [a] }) => `-${a}`,
    i32: ({ args: [a] }) => `0i - ${a}`,
    u32: ({ args: [a] }) => `0u - ${a}`,
  }),
  abs: builtin('abs'),
  min: byDtype({ f32: library('minimum'), i32: builtin('min'), u32: builtin('min') }),
  max: byDtype({ f32: library('maximum'), i32: builtin('max'), u32: builtin('max') }),
  pow: library('power'),
  floor: builtin('floor'),
  ceil: builtin('ceil'),
  trunc: builtin('trunc'),
  round: builtin('round'),
  sqrt: builtin('sqrt'),
  exp: library('exponential'),
  log: library('logarithm'),
  sin: library('sine'),
  cos: library('cosine'),
  tanh: library('hyperbolic_tangent'),
  atan: library('arc_tangent'),
  erf: library('error_function'),
  lt: compare('less', '<', ({ args: [a, b] }) => `!${a} && ${b}`),
  le: compare('less_or_equal', '<=', ({ args: [a, b] }) => `!${a} || ${b}`),
  eq: compare('equal', '==', infix('==')),
  and: infix('&'),
  or: infix('|'),
  xor: byDtype({ i32: infix('^'), u32: infix('^'), bool: infix('!=') }),
  shl: byDtype({
    i32: ({ args: [a, b] }) => `${a} << (bitcast<u32>(${b}) & 31u)`,
    u32: ({ args: [a, b] }) => `${a} << (${b} & 31u)`,
  }),
  shr: byDtype({
    i32: ({ args: [a, b] }) => `${a} >> (bitcast<u32>(${b}) & 31u)`,
    u32: ({ args: [a, b] }) => `${a} >> (${b} & 31u)`,
  }),
  mulhi: byDtype({
    u32: library('multiply_high'),
    i32: ({ module, args: [a, b] }) =>
      `bitcast<i32>(${module.use('multiply_high')}(bitcast<u32>(${a}), bitcast<u32>(${b})))`,
  }),
  select: ({ args: [condition, whenTrue, whenFalse] }) => `select(${whenFalse}, ${whenTrue}, ${condition})`,
  cast: ({ module, from, to, args }) => convertExpression(module, from, to, args[0] ?? ''),
  bitcast: ({ to, args: [a] }) => `bitcast<${to}>(${a})`,
};

/** `value` converted as the `cast` instruction does: floats saturate into integers, NaN becomes 0, integers wrap. */
export function convertExpression(module: WgslModule, from: ComputeDType, to: ComputeDType, value: string): string {
  if (from === to) return value;
  const rule = castRules[`${from} ${to}`];
  return rule === undefined ? `${to}(${value})` : rule({ module, from, to, args: [value] });
}

/** One scalar instruction as an expression of named values. */
export function scalarExpression(op: ScalarOp, site: ScalarSite): string {
  return rules[op](site);
}
