/** Functions of one element: elementary functions and activations. */
import { where, type Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { elementTypeOf, elementTypes, stored, wholeRange, type ElementType } from '../values/element-types.ts';
import { roundToSmallFloat, type SmallFloatType } from '../values/small-floats.ts';
import { OnnxTensor } from '../values/value.ts';
import { elementwise, hosted, narrowed } from './elementwise.ts';

const floats = { kinds: ['float'] } as const;

/** A function of a float tensor. */
function of(type: string, device: (x: Tensor, call: Call) => Tensor): Operator {
  return elementwise({ type, device: (call, [x]) => device(x as Tensor, call), ...floats });
}

/** A test of a float tensor. */
function test(type: string, device: (x: Tensor, call: Call) => Tensor): Operator {
  return elementwise({ type, device: (call, [x]) => device(x as Tensor, call), gives: 'bool', ...floats });
}

const elementary = [
  of('Exp', (x) => x.exp()),
  of('Log', (x) => x.log()),
  of('Sin', (x) => x.sin()),
  of('Cos', (x) => x.cos()),
  of('Tan', (x) => x.tan()),
  of('Asin', (x) => x.asin()),
  of('Acos', (x) => x.acos()),
  of('Atan', (x) => x.atan()),
  of('Sinh', (x) => x.sinh()),
  of('Cosh', (x) => x.cosh()),
  of('Tanh', (x) => x.tanh()),
  of('Asinh', (x) => x.asinh()),
  of('Acosh', (x) => x.acosh()),
  of('Atanh', (x) => x.atanh()),
  of('Erf', (x) => x.erf()),
  of('Round', (x) => x.round()),
  test('IsNaN', (x) => x.isNaN()),
  test('IsInf', (x, call) => {
    const [up, down] = [call.truth('detect_positive', true), call.truth('detect_negative', true)];
    if (up && down) return x.isInf();
    return up ? x.eq(Number.POSITIVE_INFINITY) : down ? x.eq(Number.NEGATIVE_INFINITY) : x.filled(x.shape, 0).ne(0);
  }),
];

/** Both branches by a condition on x. */
const piecewise = (x: Tensor, condition: Tensor, yes: Tensor, no: Tensor | number): Tensor =>
  where(condition, yes, no).cast(x.dtype);

/** The activations by their names as recurrent operators have them too: of x, alpha and beta. */
export const activations: Readonly<Record<string, (x: Tensor, alpha?: number, beta?: number) => Tensor>> = {
  Relu: (x) => x.relu(),
  Tanh: (x) => x.tanh(),
  Sigmoid: (x) => x.sigmoid(),
  Affine: (x, alpha = 1, beta = 0) => x.mul(alpha).add(beta),
  LeakyRelu: (x, alpha = 0.01) => x.leakyRelu(alpha),
  ThresholdedRelu: (x, alpha = 1) => piecewise(x, x.gt(alpha), x, 0),
  ScaledTanh: (x, alpha = 1, beta = 1) => x.mul(beta).tanh().mul(alpha),
  HardSigmoid: (x, alpha = 0.2, beta = 0.5) => x.mul(alpha).add(beta).clamp(0, 1),
  Elu: (x, alpha = 1) => x.elu(alpha),
  Softsign: (x) => x.div(x.abs().add(1)),
  Softplus: (x) => x.softplus(),
};

const selu = (x: Tensor, alpha: number, gamma: number): Tensor =>
  piecewise(x, x.gt(0), x, x.exp().mul(alpha).sub(alpha)).mul(gamma);

const shapes = [
  of('Relu', (x) => x.relu()),
  of('Sigmoid', (x) => x.sigmoid()),
  of('Softplus', (x) => x.softplus()),
  of('Softsign', (x) => (activations['Softsign'] as (x: Tensor) => Tensor)(x)),
  of('Mish', (x) => x.mish()),
  of('HardSwish', (x) => x.hardSwish()),
  of('Gelu', (x, call) => x.gelu({ approximate: call.text('approximate', 'none') as 'none' })),
  of('Swish', (x, call) => x.mul(x.mul(call.real('alpha', 1)).sigmoid())),
  elementwise({
    type: 'SwiGLU',
    device: (call, [a, b]) => {
      const [gate, x] = [a as Tensor, b as Tensor];
      return gate.mul(gate.mul(call.real('alpha', 1)).sigmoid()).mul(x);
    },
    ...floats,
  }),
  of('Elu', (x, call) => x.elu(call.real('alpha', 1))),
  of('Celu', (x, call) => {
    const alpha = call.real('alpha', 1);
    return x.relu().add(x.div(alpha).minimum(0).exp().sub(1).mul(alpha));
  }),
  of('Selu', (x, call) =>
    selu(x, call.real('alpha', 1.67326319217681884765625), call.real('gamma', 1.05070102214813232421875)),
  ),
  of('LeakyRelu', (x, call) => x.leakyRelu(call.real('alpha', 0.01))),
  of('ThresholdedRelu', (x, call) => piecewise(x, x.gt(call.real('alpha', 1)), x, 0)),
  of('HardSigmoid', (x, call) => x.mul(call.real('alpha', 0.2)).add(call.real('beta', 0.5)).clamp(0, 1)),
  elementwise({
    type: 'Shrink',
    device: (call, [a]) => {
      const x = a as Tensor;
      const [lambda, bias] = [call.real('lambd', 0.5), call.real('bias', 0)];
      const [wide, zero] = [x.cast('f32'), x.cast('f32').mul(0)];
      return where(wide.lt(-lambda), wide.add(bias), where(wide.gt(lambda), wide.sub(bias), zero)).cast(x.dtype);
    },
  }),
  elementwise({
    type: 'PRelu',
    device: (call, [a, b]) => {
      const [x, slope] = [a as Tensor, b as Tensor];
      // Before version 7 a list of slopes was one of channels.
      const isOfChannels = call.version < 7 && slope.rank === 1 && slope.size > 1 && x.rank > 1;
      const aligned = isOfChannels ? slope.reshape([-1, ...x.shape.slice(2).map(() => 1)]) : slope;
      return piecewise(x, x.ge(0), x, x.mul(aligned));
    },
  }),
];

/** Bounds are attributes up to version 10, and inputs from then on. */
const clip = operator('Clip', (call) => {
  const x = call.input(0);
  call.needKind(x, 'float', 'integer');
  const [low, high] =
    call.version < 11 ? [call.real('min', undefined), call.real('max', undefined)] : [call.number(1), call.number(2)];
  const limited = (value: number): number => Math.min(Math.max(value, low ?? -Infinity), high ?? Infinity);
  if (call.isHosted) return hosted(call, [x], x.type, ([a]) => limited(a as number));
  const tensor = call.placed(x);
  const bounded = low === undefined ? tensor : tensor.maximum(tensor.filled([], low));
  return call.give(x.type, high === undefined ? bounded : bounded.minimum(tensor.filled([], high)));
});

/** To another type; texts are read and written as numbers are in JavaScript. */
function castTo(call: Call, x: OnnxTensor, to: OnnxTensor['type']): OnnxTensor {
  if (x.type === to) return x;
  if (elementTypes[to].kind === 'complex')
    return call.refuse(`casts to ${elementTypes[to].name}, which is not computed with`);
  if (x.type === 'string' || to === 'string') return castText(call, x, to);
  const isSmall = elementTypes[to].carrier !== to && elementTypes[to].kind === 'float';
  if (isSmall) {
    const saturate = call.truth('saturate', true);
    return OnnxTensor.numbers(
      to,
      call.read(x).map((value) => roundSmall(to, value, saturate)),
      x.shape,
    );
  }
  if (x.isKnown && x.size <= call.setting.hostElements)
    return hosted(call, [x], to, ([value]) => converted(value as number, to, elementTypes[x.type].kind === 'float'));
  const tensor = call.placed(x);
  if (elementTypes[to].bits <= 4 && elementTypes[x.type].kind === 'float')
    return call.give(to, tensor.clamp(...wholeRange(to)));
  return call.give(to, narrowed(to, tensor));
}

const converted = (value: number, to: ElementType, isFloat: boolean): number => {
  if (elementTypes[to].kind !== 'integer') return value;
  const whole = Number.isNaN(value) ? 0 : Math.trunc(value);
  const [low, high] = wholeRange(to);
  // Floats saturate, as casts of the engine do, but for 8 bits, which wrap there.
  const { bits } = elementTypes[to];
  return isFloat && bits !== 8 && bits !== 16
    ? Math.min(Math.max(whole, low), high)
    : Number.isFinite(whole)
      ? whole
      : 0;
};

function castText(call: Call, x: OnnxTensor, to: OnnxTensor['type']): OnnxTensor {
  if (to === 'string') return OnnxTensor.texts(call.read(x).map(shown), x.shape);
  const numbers = x.texts().map((text) => {
    const value = /^[+-]?inf(inity)?$/i.test(text.trim())
      ? text.trim().startsWith('-')
        ? Number.NEGATIVE_INFINITY
        : Number.POSITIVE_INFINITY
      : Number(text);
    if (Number.isNaN(value) && !/^[+-]?nan$/i.test(text.trim())) call.refuse(`cannot read '${text}' as a number`);
    return value;
  });
  return OnnxTensor.numbers(
    to,
    numbers.map((value) => stored(to, converted(value, to, false))),
    x.shape,
  );
}

/** As NumPy writes floats. */
const shown = (value: number): string => {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'INF' : '-INF';
  // The fewest digits that give the same float back.
  const digits = [6, 7, 8, 9].find((count) => Math.fround(Number(value.toPrecision(count))) === value);
  return String(digits === undefined ? value : Number(value.toPrecision(digits)));
};

/** Functions of one element. */
export const functionOperators: readonly Operator[] = [
  ...elementary,
  ...shapes,
  clip,
  operator('Cast', (call) => castTo(call, call.input(0), typeOfCode(call, call.real('to', 0)))),
  operator('CastLike', (call) => castTo(call, call.input(0), call.input(1).type)),
];

function roundSmall(to: ElementType, value: number, saturate: boolean): number {
  return roundToSmallFloat(to as SmallFloatType, value, saturate);
}

/** The type that an attribute names by its number. */
export function typeOfCode(call: Call, code: number): ElementType {
  return elementTypeOf(code) ?? call.refuse(`names the element type ${code}, which there is not`);
}
