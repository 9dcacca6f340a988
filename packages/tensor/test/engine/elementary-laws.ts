/** Elementary functions over their whole range: every order of magnitude, both signs, and the special values, against doubles. */
import {
  conv2d,
  crossEntropy,
  dtypes,
  einsum,
  fromTyped,
  layerNorm,
  ones,
  scope,
  ShapeError,
  tensor,
  zeros,
  type Device,
  type Tensor,
} from '@espalier/tensor';
import { expect, test } from 'vitest';
import { errorFunction } from '../../src/scalar/error-function.ts';

/** A function of one number: as a tensor's method, in doubles, and how many ulps of f32 may lie between. */
interface Unary {
  readonly run: (x: Tensor) => Tensor;
  readonly exact: (x: number) => number;
  readonly ulps: number;
  /** Allowed besides, where a sum cancels. */
  readonly absolute?: number;
}

const smallestNormal = 2 ** -126;
const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const unaries: Readonly<Record<string, Unary>> = {
  sqrt: { run: (x) => x.sqrt(), exact: Math.sqrt, ulps: 1 },
  rsqrt: { run: (x) => x.rsqrt(), exact: (x) => 1 / Math.sqrt(x), ulps: 2 },
  reciprocal: { run: (x) => x.reciprocal(), exact: (x) => 1 / x, ulps: 1 },
  exp: { run: (x) => x.exp(), exact: Math.exp, ulps: 2 },
  exp2: { run: (x) => x.exp2(), exact: (x) => 2 ** x, ulps: 3 },
  expm1: { run: (x) => x.expm1(), exact: Math.expm1, ulps: 6 },
  log: { run: (x) => x.log(), exact: Math.log, ulps: 2 },
  log2: { run: (x) => x.log2(), exact: Math.log2, ulps: 4 },
  log10: { run: (x) => x.log10(), exact: Math.log10, ulps: 4 },
  log1p: { run: (x) => x.log1p(), exact: Math.log1p, ulps: 6 },
  sinh: { run: (x) => x.sinh(), exact: Math.sinh, ulps: 8 },
  cosh: { run: (x) => x.cosh(), exact: Math.cosh, ulps: 6 },
  tanh: { run: (x) => x.tanh(), exact: Math.tanh, ulps: 4 },
  asinh: { run: (x) => x.asinh(), exact: Math.asinh, ulps: 8 },
  acosh: { run: (x) => x.acosh(), exact: Math.acosh, ulps: 8 },
  atanh: { run: (x) => x.atanh(), exact: Math.atanh, ulps: 8 },
  asin: { run: (x) => x.asin(), exact: Math.asin, ulps: 6 },
  acos: { run: (x) => x.acos(), exact: Math.acos, ulps: 6 },
  atan: { run: (x) => x.atan(), exact: Math.atan, ulps: 4 },
  erf: { run: (x) => x.erf(), exact: errorFunction, ulps: 4 },
  sigmoid: { run: (x) => x.sigmoid(), exact: sigmoid, ulps: 6 },
  softplus: { run: (x) => x.softplus(), exact: softplus, ulps: 6 },
  silu: {
    run: (x) => x.silu(),
    exact: (x) => (x === -Infinity ? -0 : x * sigmoid(x)),
    ulps: 8,
    absolute: smallestNormal,
  },
  mish: {
    run: (x) => x.mish(),
    exact: (x) => (x === -Infinity ? -0 : x * Math.tanh(softplus(x))),
    ulps: 16,
    absolute: smallestNormal,
  },
  gelu: {
    run: (x) => x.gelu(),
    exact: (x) => (x === -Infinity ? -0 : (x * (1 + errorFunction(x / Math.SQRT2))) / 2),
    ulps: 4,
    absolute: 2 ** -21,
  },
  elu: { run: (x) => x.elu(), exact: (x) => (x > 0 ? x : Math.expm1(x)), ulps: 8 },
  selu: {
    run: (x) => x.selu(),
    exact: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
    ulps: 8,
  },
};
/** A function of two numbers. */
interface Binary {
  readonly run: (a: Tensor, b: Tensor) => Tensor;
  readonly exact: (a: number, b: number) => number;
  readonly ulps: number;
}

/** The remainder of Python and NumPy: exact, with the sign of the divisor. */
const floored = (a: number, b: number): number => {
  const rest = a % b;
  if (rest === 0) return b < 0 || Object.is(b, -0) ? -0 : 0;
  return rest < 0 === b < 0 ? rest : rest + b;
};
/** The quotient of Python and NumPy: whole, and a / b where b is 0. */
const flooredQuotient = (a: number, b: number): number => {
  if (b === 0) return a / b;
  const rest = a % b;
  const whole = Math.round((a - rest) / b) - (rest !== 0 && rest < 0 !== b < 0 ? 1 : 0);
  return whole === 0 ? (Object.is(Math.sign(a) / Math.sign(b), -0) || a < 0 !== b < 0 ? -0 : 0) : whole;
};

const binaries: Readonly<Record<string, Binary>> = {
  atan2: { run: (a, b) => a.atan2(b), exact: Math.atan2, ulps: 6 },
  pow: {
    run: (a, b) => a.pow(b),
    exact: (a, b) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b),
    ulps: 16,
  },
  remainder: { run: (a, b) => a.remainder(b), exact: floored, ulps: 1 },
  floorDivide: { run: (a, b) => a.floorDivide(b), exact: flooredQuotient, ulps: 4 },
};

const special = [
  0,
  -0,
  1,
  -1,
  2,
  -2,
  0.5,
  -0.5,
  Infinity,
  -Infinity,
  NaN,
  3.4028234663852886e38,
  -3.4028234663852886e38,
];

/** Floats of every exponent, and many around where functions turn or end. */
function sweep(): Float32Array {
  const values = [...special];
  for (let exponent = -149; exponent <= 127; exponent++)
    for (const mantissa of [1, 1.000001, 1.1, 1.234567, 1.5, 1.732, 1.9, 1.9999999]) {
      const value = Math.fround(2 ** exponent * mantissa);
      values.push(value, -value);
    }
  for (let i = 1; i <= 2000; i++) {
    const step = i / 2000;
    values.push(
      step,
      -step,
      110 * step,
      -110 * step,
      1 + step / 64,
      1 - step / 64,
      -1 + step / 64,
      8 * step,
      -16 * step,
    );
  }
  return Float32Array.from(values);
}

const inputs = sweep();

/** The spacing of f32 at a value. */
function ulp(value: number): number {
  return Math.max(2 ** -149, 2 ** (Math.floor(Math.log2(Math.abs(value))) - 23));
}

/** How many ulps `actual` is off; 0 where both are NaN or the same infinity or zero. */
function ulpsOff(actual: number, exact: number, flushes: boolean, absolute = 0): number {
  const expected = Math.fround(exact);
  if (Object.is(actual, expected)) return 0;
  if (Math.abs(actual - exact) <= absolute) return 0;
  if (flushes && Math.abs(exact) < 2 * smallestNormal && Math.abs(actual) < 2 * smallestNormal) return 0;
  // Rounding decides whether the last finite value overflows.
  if (!Number.isFinite(expected) || !Number.isFinite(actual))
    return Math.abs(exact) > 3.4028e38 && Math.abs(actual) > 3.4028e38 && exact > 0 === actual > 0 ? 0 : Infinity;
  if (expected === 0 && actual === 0) return Infinity;
  return Math.abs(actual - exact) / ulp(exact);
}

/** Registers the tests for the device that `open` gives; `flushes` where subnormal numbers may count as 0. */
export function elementaryLaws(open: () => Promise<Device> | Device, flushes: boolean): void {
  const evaluate = async (run: (x: Tensor) => Tensor, data: Float32Array): Promise<Float32Array> => {
    const device = await open();
    const result = scope(() => run(fromTyped(data, [data.length], { device })));
    const values = Float32Array.from(await result.data());
    result.dispose();
    return values;
  };
  const worstOf = (
    actual: Float32Array,
    exact: (i: number) => number,
    show: (i: number) => string,
    skip: (i: number) => boolean,
    absolute?: number,
  ): { off: number; text: string } => {
    let worst = { off: 0, text: '' };
    for (const [i, value] of actual.entries()) {
      if (skip(i)) continue;
      const off = ulpsOff(value, exact(i), flushes, absolute);
      if (off > worst.off) worst = { off, text: `${show(i)} = ${value}, not ${exact(i)}: ${off} ulps` };
    }
    return worst;
  };
  const isSubnormal = (x: number): boolean => flushes && x !== 0 && Math.abs(x) < smallestNormal;

  test.each(Object.keys(unaries))('%s at every order of magnitude', async (name) => {
    const { run, exact, ulps, absolute } = unaries[name] as Unary;
    const actual = await evaluate(run, inputs);
    const worst = worstOf(
      actual,
      (i) => exact(inputs[i] as number),
      (i) => `${name}(${inputs[i]})`,
      (i) => isSubnormal(inputs[i] as number),
      absolute,
    );
    expect(worst.off, worst.text).toBeLessThanOrEqual(ulps);
  });

  const pairs = special.flatMap((a) => special.map((b) => [a, b] as const));
  const ordinary = [0.1, 0.3, 3, 7.5, 100, 1e6, 1e-6, 1e-20, 1e20, 16777216, 2 ** 127].flatMap((x) => [x, -x]);
  const points = [...pairs, ...[...ordinary, ...special].flatMap((a) => ordinary.map((b) => [a, b] as const))];
  const [left, right] = [0, 1].map((side) => Float32Array.from(points, (pair) => pair[side] as number)) as [
    Float32Array,
    Float32Array,
  ];

  test.each(Object.keys(binaries))('%s at special values and every size', async (name) => {
    const { run, exact, ulps } = binaries[name] as Binary;
    const device = await open();
    const second = fromTyped(right, [right.length], { device });
    const actual = await evaluate((x) => run(x, second), left);
    const worst = worstOf(
      actual,
      (i) => exact(left[i] as number, right[i] as number),
      (i) => `${name}(${left[i]}, ${right[i]})`,
      () => false,
    );
    expect(worst.off, worst.text).toBeLessThanOrEqual(ulps);
  });

  test('quotients and remainders of floats agree: a = floor(a / b) · b + a mod b, as Python has both', async () => {
    const device = await open();
    const second = fromTyped(right, [right.length], { device });
    const quotients = await evaluate((x) => x.floorDivide(second), left);
    const remainders = await evaluate((x) => x.remainder(second), left);
    for (const [i, quotient] of quotients.entries()) {
      const [a, b, remainder] = [left[i] as number, right[i] as number, remainders[i] as number];
      const text = `${a} over ${b}: ${quotient} and ${remainder}`;
      if (!Number.isFinite(a) || b === 0 || Number.isNaN(b)) {
        expect(Number.isNaN(remainder), text).toBe(true);
        continue;
      }
      if (remainder !== 0) expect(Math.sign(remainder), text).toBe(Math.sign(b));
      expect(Math.abs(remainder) <= Math.abs(b), text).toBe(true);
      if (!Number.isFinite(quotient)) continue;
      expect(Number.isInteger(quotient), text).toBe(true);
      if (!Number.isFinite(b)) continue;
      const slack = (Math.abs(a) + Math.abs(b)) * 2 ** -21;
      expect(Math.abs(quotient * b + remainder - a), text).toBeLessThanOrEqual(slack);
    }
  });

  test('quotients and remainders that are 0 have the sign that Python gives them', async () => {
    const device = await open();
    const a = tensor([0, 0, -0, -0, 1, -1, 0.25, -0.25], { device });
    const b = tensor([2, -0.0625, 3, -1, -1, 1, 1, -1], { device });
    expect([...(await a.remainder(b).data())]).toEqual([0, -0, 0, -0, -0, 0, 0.25, -0.25]);
    expect([...(await a.floorDivide(b).data())]).toEqual([0, -0, -0, 0, -1, -1, 0, 0]);
  });

  test('integers are divided and shifted as NumPy does, at the ends of their range too', async () => {
    const device = await open();
    for (const dtype of ['i32', 'i8', 'u32', 'u8'] as const) {
      const { min, max, bytes, kind } = dtypes[dtype];
      const values = [min, min + 1, -7, -2, -1, 0, 1, 2, 3, 7, max - 1, max].filter((value) => value >= min);
      const table = values.flatMap((a) => values.map((b) => [a, b] as const));
      const side = (which: 0 | 1): Tensor =>
        tensor(
          table.map((pair) => pair[which]),
          { dtype, device },
        );
      const [a, b] = [side(0), side(1)];
      const wrap = (value: number): number =>
        Number(kind === 'signed' ? BigInt.asIntN(bytes * 8, BigInt(value)) : BigInt.asUintN(bytes * 8, BigInt(value)));
      const expected = {
        floorDivide: table.map(([x, y]) => (y === 0 ? 0 : wrap(Math.floor(x / y)))),
        remainder: table.map(([x, y]) => (y === 0 ? 0 : wrap(x - Math.floor(x / y) * y))),
        shiftLeft: table.map(([x, y]) => (y >= 0 && y < 32 ? wrap(x * 2 ** y) : 0)),
        shiftRight: table.map(([x, y]) => (y >= 0 && y < 32 ? Math.floor(x / 2 ** y) : x < 0 ? -1 : 0)),
      };
      for (const [name, results] of Object.entries(expected)) {
        const result = a[name as keyof typeof expected](b);
        expect([...(await result.data())], `${dtype} ${name}`).toEqual(results.map((value) => value + 0));
      }
    }
  });

  test('sums, products and normalisations over nothing', async () => {
    const device = await open();
    const empty = (shape: readonly number[]): Tensor => zeros(shape, { device });
    const list = async (x: Tensor): Promise<number[]> => [...(await x.data())];
    expect(await list(empty([2, 0]).matmul(empty([0, 3])))).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await list(empty([2, 2, 0]).matmul(empty([2, 0, 1])))).toEqual([0, 0, 0, 0]);
    expect(empty([0, 2]).matmul(empty([2, 3])).shape).toEqual([0, 3]);
    expect(await list(einsum('ik,kj->ij', empty([1, 0]), empty([0, 2])))).toEqual([0, 0]);
    for (const shape of [[0], [2, 0], [0, 2]])
      for (const normal of [empty(shape).softmax(), empty(shape).logSoftmax(), layerNorm(empty(shape))]) {
        expect(normal.shape).toEqual(shape);
        expect(await list(normal)).toEqual([]);
      }
    expect(await list(empty([2, 0]).sum(1))).toEqual([0, 0]);
    expect(await list(empty([2, 0]).prod(1))).toEqual([1, 1]);
    expect(await list(empty([2, 0]).mean(1))).toEqual([NaN, NaN]);
    expect(await list(empty([2, 0]).norm(2, 1))).toEqual([0, 0]);
    expect(await list(empty([2, 0]).logSumExp(1))).toEqual([-Infinity, -Infinity]);
    expect(await list(empty([2, 0]).any(1))).toEqual([0, 0]);
    expect(await list(empty([2, 0]).all(1))).toEqual([1, 1]);
    expect(await list(empty([2, 0]).cumsum(1))).toEqual([]);
    expect(await list(crossEntropy(empty([0, 3]), zeros([0], { dtype: 'i32', device })))).toEqual([NaN]);
    expect(conv2d(empty([0, 1, 4, 4]), ones([2, 1, 3, 3], { device })).shape).toEqual([0, 2, 2, 2]);
    expect(await list(conv2d(empty([1, 0, 2, 2]), empty([1, 0, 1, 1])))).toEqual([0, 0, 0, 0]);
    expect(() => empty([2, 0]).max(1)).toThrow(ShapeError);
    expect(() => empty([0]).argmin()).toThrow(ShapeError);
  });
}
