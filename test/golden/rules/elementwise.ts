// PyTorch's element-wise ops as ours.
import { where, type Tensor, type TensorLike } from '@espalier/tensor';
import type { Call } from '../call.ts';
import { rule, type Rule } from './rule.ts';

type Unary = { [Name in keyof Tensor]: Tensor[Name] extends () => Tensor ? Name : never }[keyof Tensor];
type Binary = { [Name in keyof Tensor]: Tensor[Name] extends (b: TensorLike) => Tensor ? Name : never }[keyof Tensor];

const unary = (name: Unary): Rule => rule('', (call) => call.tensor()[name]());
const binary = (name: Binary): Rule => rule('other', (call) => call.left()[name](call.operand()));
/** a op b as PyTorch calls it on b. */
const reflected = (name: Binary): Rule => rule('other', (call) => call.left('other', 'input')[name](call.tensor()));

/** b, scaled by the `alpha` of PyTorch's sums. */
function scaled(call: Call, name = 'other'): TensorLike {
  const alpha = call.number('alpha', 1);
  const operand = call.operand(name);
  if (alpha === 1) return operand;
  return typeof operand === 'object' ? operand.mul(alpha) : Number(operand) * alpha;
}

const limit = (call: Call, value: TensorLike | undefined, name: 'maximum' | 'minimum', x: Tensor): Tensor =>
  value === undefined ? x : x[name](value);

const decimals = rule('decimals', (call) => call.tensor().round(call.number('decimals', 0)));

/** By PyTorch's name. */
export const elementwiseRules: Readonly<Record<string, Rule>> = {
  abs: unary('abs'),
  acos: unary('acos'),
  acosh: unary('acosh'),
  asin: unary('asin'),
  asinh: unary('asinh'),
  atan: unary('atan'),
  atanh: unary('atanh'),
  ceil: unary('ceil'),
  cos: unary('cos'),
  cosh: unary('cosh'),
  erf: unary('erf'),
  exp: unary('exp'),
  exp2: unary('exp2'),
  expm1: unary('expm1'),
  floor: unary('floor'),
  log: unary('log'),
  log10: unary('log10'),
  log1p: unary('log1p'),
  log2: unary('log2'),
  neg: unary('neg'),
  reciprocal: unary('reciprocal'),
  round: decimals,
  'round.decimals_0': decimals,
  'round.decimals_3': decimals,
  'round.decimals_neg_3': decimals,
  rsqrt: unary('rsqrt'),
  sigmoid: unary('sigmoid'),
  sign: unary('sign'),
  sgn: unary('sign'),
  sin: unary('sin'),
  sinh: unary('sinh'),
  sqrt: unary('sqrt'),
  square: unary('square'),
  tan: unary('tan'),
  tanh: unary('tanh'),
  trunc: unary('trunc'),
  isfinite: unary('isFinite'),
  isinf: unary('isInf'),
  isnan: unary('isNaN'),
  logical_not: unary('logicalNot'),
  bitwise_not: unary('bitwiseNot'),
  positive: rule('', (call) => call.tensor()),

  'nn.functional.relu': unary('relu'),
  'nn.functional.leaky_relu': rule('negative_slope', (call) =>
    call.tensor().leakyRelu(call.number('negative_slope', undefined)),
  ),
  'nn.functional.elu': rule('alpha', (call) => call.tensor().elu(call.number('alpha', undefined))),
  'nn.functional.selu': unary('selu'),
  'nn.functional.gelu': rule('', (call) =>
    call.tensor().gelu({ approximate: call.word('approximate', 'none') as 'none' | 'tanh' }),
  ),
  'nn.functional.silu': unary('silu'),
  'nn.functional.softplus': rule('beta threshold', (call) =>
    call.tensor().softplus({
      ...(call.has('beta') && { beta: call.number('beta') }),
      ...(call.has('threshold') && { threshold: call.number('threshold') }),
    }),
  ),
  'nn.functional.mish': unary('mish'),
  'nn.functional.hardsigmoid': unary('hardSigmoid'),
  'nn.functional.hardswish': unary('hardSwish'),
  'nn.functional.logsigmoid': rule('', (call) => call.tensor().neg().softplus().neg()),

  add: rule('other alpha', (call) => call.left().add(scaled(call))),
  sub: rule('other alpha', (call) => call.left().sub(scaled(call))),
  rsub: rule('other alpha', (call) => {
    const subtracted = scaled(call, 'input');
    return call.left('other', 'input').sub(subtracted);
  }),
  mul: binary('mul'),
  'div.no_rounding_mode': binary('div'),
  'div.trunc_rounding': rule('other', (call) => {
    call.ignore('rounding_mode');
    return call.left().truncDivide(call.operand());
  }),
  'div.floor_rounding': rule('other', (call) => {
    call.ignore('rounding_mode');
    return call.left().floorDivide(call.operand());
  }),
  true_divide: binary('div'),
  floor_divide: binary('floorDivide'),
  remainder: binary('remainder'),
  pow: binary('pow'),
  minimum: binary('minimum'),
  maximum: binary('maximum'),
  'min.binary': binary('minimum'),
  'max.binary': binary('maximum'),
  atan2: binary('atan2'),
  eq: binary('eq'),
  ne: binary('ne'),
  lt: binary('lt'),
  le: binary('le'),
  gt: binary('gt'),
  ge: binary('ge'),
  logical_and: binary('logicalAnd'),
  logical_or: binary('logicalOr'),
  logical_xor: binary('logicalXor'),
  bitwise_and: binary('bitwiseAnd'),
  bitwise_or: binary('bitwiseOr'),
  bitwise_xor: binary('bitwiseXor'),
  bitwise_left_shift: binary('shiftLeft'),
  bitwise_right_shift: binary('shiftRight'),
  __radd__: reflected('add'),
  __rmul__: reflected('mul'),
  __rsub__: reflected('sub'),
  __rdiv__: reflected('div'),
  clamp: rule('min max', (call) => {
    const [min, max] = [call, call].map((_, end) =>
      call.has(end ? 'max' : 'min') ? call.operand(end ? 'max' : 'min') : undefined,
    );
    if (typeof min === 'object' || typeof max === 'object')
      return limit(call, max, 'minimum', limit(call, min, 'maximum', call.tensor()));
    return call.tensor().clamp(min as number | undefined, max as number | undefined);
  }),
  clamp_min: binary('maximum'),
  clamp_max: binary('minimum'),
  lerp: rule('end weight', (call) => call.tensor().lerp(call.operand('end'), call.operand('weight'))),
  where: rule('condition other', (call) => where(call.tensor('condition'), call.operand('input'), call.operand())),
  masked_fill: rule('mask value', (call) => {
    const value = call.operand('value');
    const mask = call.tensor('mask');
    if (typeof value === 'object') return where(mask, value, call.tensor());
    return call.tensor().maskedFill(mask, Number(value));
  }),
};
