/** Arithmetic, comparison and logic of elements. */
import type { Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { isWhole, wholeRange, type ElementType } from '../values/element-types.ts';
import { OnnxTensor } from '../values/value.ts';
import { elementwise, hosted, narrowed, type Elementwise } from './elementwise.ts';

type Two = readonly [Tensor, Tensor];
type TwoNumbers = readonly [number, number];

/** A row of two operands. */
function two(
  type: string,
  host: (a: number, b: number, of: ElementType) => number,
  device: (a: Tensor, b: Tensor, of: ElementType) => Tensor,
  rest: Partial<Elementwise> = {},
): Operator {
  return elementwise({
    type,
    host: (_, numbers, of) => host(...(numbers as TwoNumbers), of),
    device: (_, operands, of) => device(...(operands as unknown as Two), of),
    ...rest,
  });
}

/** A row of one operand. */
function one(
  type: string,
  host: (a: number) => number,
  device: (a: Tensor) => Tensor,
  rest: Partial<Elementwise> = {},
): Operator {
  return elementwise({
    type,
    host: (_, [a]) => host(a as number),
    device: (_, [a]) => device(a as Tensor),
    ...rest,
  });
}

const all = ['float', 'integer', 'bool'] as const;
const bool = { gives: 'bool', kinds: all } as const;
const truths = { gives: 'bool', kinds: ['bool'] } as const;
const whole = { kinds: ['integer'] } as const;

/** An engine's comparison takes what promotes to a common dtype. */
const logic = [
  two(
    'And',
    (a, b) => a & b,
    (a, b) => a.logicalAnd(b),
    truths,
  ),
  two(
    'Or',
    (a, b) => a | b,
    (a, b) => a.logicalOr(b),
    truths,
  ),
  two(
    'Xor',
    (a, b) => a ^ b,
    (a, b) => a.logicalXor(b),
    truths,
  ),
  one(
    'Not',
    (a) => 1 - a,
    (a) => a.logicalNot(),
    truths,
  ),
  two(
    'Less',
    (a, b) => Number(a < b),
    (a, b) => a.lt(b),
    bool,
  ),
  two(
    'LessOrEqual',
    (a, b) => Number(a <= b),
    (a, b) => a.le(b),
    bool,
  ),
  two(
    'Greater',
    (a, b) => Number(a > b),
    (a, b) => a.gt(b),
    bool,
  ),
  two(
    'GreaterOrEqual',
    (a, b) => Number(a >= b),
    (a, b) => a.ge(b),
    bool,
  ),
];

/** Bits of up to 32 by JavaScript's own, more by bigints. */
const bits =
  (small: (a: number, b: number) => number, large: (a: bigint, b: bigint) => bigint) =>
  (a: number, b: number, of: ElementType): number => {
    if (of !== 'i64' && of !== 'u64') return of === 'u32' ? small(a, b) >>> 0 : small(a, b);
    return Number(large(BigInt(a), BigInt(b)));
  };

const bitwise = [
  two(
    'BitwiseAnd',
    bits(
      (a, b) => a & b,
      (a, b) => a & b,
    ),
    (a, b) => a.bitwiseAnd(b),
    whole,
  ),
  two(
    'BitwiseOr',
    bits(
      (a, b) => a | b,
      (a, b) => a | b,
    ),
    (a, b) => a.bitwiseOr(b),
    whole,
  ),
  two(
    'BitwiseXor',
    bits(
      (a, b) => a ^ b,
      (a, b) => a ^ b,
    ),
    (a, b) => a.bitwiseXor(b),
    whole,
  ),
  one(
    'BitwiseNot',
    (a) => -1 - a,
    (a) => a.bitwiseNot(),
    whole,
  ),
  elementwise({
    type: 'BitShift',
    ...whole,
    host: (call, [a, b], of) => {
      const width = BigInt(wholeRange(of)[1].toString(2).length);
      const [value, by] = [BigInt(a as number), BigInt(b as number)];
      return Number(isLeft(call) ? BigInt.asUintN(Number(width), value << by) : value >> by);
    },
    device: (call, [a, b]) =>
      isLeft(call) ? (a as Tensor).shiftLeft(b as Tensor) : (a as Tensor).shiftRight(b as Tensor),
  }),
];

/** @throws {OnnxError} for no direction, and for what version 28 lets be shifted. */
function isLeft(call: Call): boolean {
  if (!call.input(0).type.startsWith('u')) call.refuse('shifts signed numbers, which is not computed here');
  const direction = call.text('direction', '');
  if (direction !== 'LEFT' && direction !== 'RIGHT') call.refuse(`shifts to '${direction}', which is no direction`);
  return direction === 'LEFT';
}

/** With the sign of the divisor, of an infinite one too. */
const remainder = (a: number, b: number): number => {
  if (Number.isFinite(a) && Math.abs(b) === Infinity) return a === 0 || a < 0 === b < 0 ? a : b;
  return a - b * Math.floor(a / b);
};

const arithmetic = [
  two(
    'Add',
    (a, b) => a + b,
    (a, b) => a.add(b),
  ),
  two(
    'Sub',
    (a, b) => a - b,
    (a, b) => a.sub(b),
  ),
  two(
    'Mul',
    (a, b) => a * b,
    (a, b) => a.mul(b),
  ),
  two(
    'Div',
    (a, b, of) => (isWhole(of) ? (b === 0 ? 0 : Math.trunc(a / b)) : a / b),
    (a, b, of) => (isWhole(of) ? a.truncDivide(b) : a.div(b)),
  ),
  elementwise({
    type: 'Mod',
    host: (call, [a = 0, b = 0]) => (call.truth('fmod') ? a % b : remainder(a, b)),
    device: (call, [a, b], of) => {
      const [x, y] = [a as Tensor, b as Tensor];
      if (!call.truth('fmod')) return isWhole(of) ? x.remainder(y) : call.refuse('needs fmod = 1 for floats');
      // The sign is that of the dividend.
      const rest = x.abs().remainder(y.abs());
      return rest.neg().where(x.lt(0), rest);
    },
  }),
  one(
    'Neg',
    (a) => 0 - a,
    (a) => a.neg(),
  ),
  one('Abs', Math.abs, (a) => a.abs()),
  one('Sign', Math.sign, (a) => a.sign()),
  one('Floor', Math.floor, (a) => a.floor()),
  one('Ceil', Math.ceil, (a) => a.ceil()),
  one('Sqrt', Math.sqrt, (a) => a.sqrt()),
  one(
    'Reciprocal',
    (a) => 1 / a,
    (a) => a.reciprocal(),
  ),
];

/** Operators of any number of operands. */
function several(
  type: string,
  host: (numbers: readonly number[]) => number,
  device: (a: Tensor, b: Tensor) => Tensor,
  finish: (sum: Tensor, count: number) => Tensor = (sum) => sum,
): Operator {
  return elementwise({
    type,
    host: (_, numbers) => host(numbers),
    device: (_, operands) => finish(operands.reduce(device), operands.length),
  });
}

const variadic = [
  several(
    'Max',
    (numbers) => Math.max(...numbers),
    (a, b) => a.maximum(b),
  ),
  several(
    'Min',
    (numbers) => Math.min(...numbers),
    (a, b) => a.minimum(b),
  ),
  several(
    'Sum',
    (numbers) => numbers.reduce((a, b) => a + b, 0),
    (a, b) => a.add(b),
  ),
  several(
    'Mean',
    (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length,
    (a, b) => a.add(b),
    (sum, count) => sum.div(count),
  ),
];

/** The exponent may be of another type; the result is of that of the base. */
const pow = operator('Pow', (call) => {
  const [base, exponent] = [call.input(0), call.input(1)];
  for (const each of [base, exponent]) call.needKind(each, 'float', 'integer');
  if (call.isHosted)
    return hosted(call, [base, exponent], base.type, ([a, b]) => power(base.type, a as number, b as number));
  const [x, y] = [call.placed(base), call.placed(exponent)];
  if (isWhole(base.type)) {
    const wide = isWhole(exponent.type) ? x.pow(y.cast(x.dtype)) : x.cast('f32').pow(y).trunc();
    return call.give(base.type, narrowed(base.type, wide));
  }
  // A known exponent has a gradient of its own, and 2 one that is defined everywhere.
  const known = exponent.isKnown && exponent.size === 1 ? exponent.numbers()[0] : undefined;
  if (known === 2 && exponent.shape.length <= x.rank) return call.give(base.type, x.square());
  if (known === 0.5 && exponent.shape.length <= x.rank) return call.give(base.type, x.sqrt());
  return call.give(base.type, x.pow(y.cast(x.dtype)));
});

const power = (type: ElementType, a: number, b: number): number => (isWhole(type) ? Math.trunc(a ** b) : a ** b);

/** Equality is there for texts as well. */
const equal = operator('Equal', (call) => {
  const [a, b] = [call.input(0), call.input(1)];
  if (a.type !== 'string' && !call.isHosted) return call.give('bool', call.placed(a).eq(call.placed(b)));
  if (a.type !== 'string') return hosted(call, [a, b], 'bool', ([x, y]) => Number(x === y));
  // Texts meet by their place in a list of all of them.
  const places = new Map([...new Set([...a.texts(), ...b.texts()])].map((text, index) => [text, index]));
  const coded = [a, b].map((each) => each.host().data.map((text) => places.get(text as string) as number));
  const left = OnnxTensor.numbers('i32', coded[0] as number[], a.shape);
  const right = OnnxTensor.numbers('i32', coded[1] as number[], b.shape);
  return hosted(call, [left, right], 'bool', ([x, y]) => Number(x === y));
});

/** Element-wise arithmetic, comparison and logic. */
export const arithmeticOperators: readonly Operator[] = [...logic, ...bitwise, ...arithmetic, ...variadic, pow, equal];
