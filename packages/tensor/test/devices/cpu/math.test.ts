import { describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import type { LoopSpec } from '../../../src/kernel/spec.ts';
import { scalarInstructions, type ScalarOp } from '../../../src/scalar/instructions.ts';
import { runOn } from '../run-on.ts';

const cpu = createCpuDevice();

function spec(op: ScalarOp, count: number): LoopSpec {
  const { arity } = scalarInstructions[op];
  const args = Array.from({ length: arity }, (_, i) => i);
  return {
    kind: 'loop',
    bindings: [
      ...args.map(() => ({ dtype: 'f32' as const, access: 'read' as const })),
      { dtype: 'f32', access: 'write' },
    ],
    outer: [count],
    inner: [],
    body: [
      ...args.map((binding) => ({
        kind: 'load' as const,
        access: { binding, offset: 0, strides: [1] },
        dtype: 'f32' as const,
      })),
      { kind: 'scalar', op, args, dtype: 'f32' },
      { kind: 'store', access: { binding: arity, offset: 0, strides: [1] }, arg: arity, each: 'row' },
    ],
  };
}

function evaluate(op: ScalarOp, ...operands: readonly number[][]): number[] {
  const count = operands[0]?.length ?? 0;
  return runOn(cpu, spec(op, count), [...operands, new Array<number>(count).fill(0)]).at(-1) as number[];
}

const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);

function fromBits(bits: number): number {
  words[0] = bits;
  return floats[0] as number;
}

/** The place of an f32 on the line of all f32: neighbours differ by 1. */
function rank(value: number): number {
  floats[0] = value;
  const bits = words[0] as number;
  return bits & 0x80000000 ? -(bits & 0x7fffffff) : bits;
}

/** Distance from the exact value in units of the last place of the f32 nearest to it. */
function ulps(actual: number, exact: number): number {
  const nearest = Math.fround(exact);
  if (Object.is(actual, nearest) || (Number.isNaN(actual) && Number.isNaN(exact))) return 0;
  if (!Number.isFinite(nearest) || !Number.isFinite(actual) || Number.isNaN(exact))
    return Math.abs(rank(actual) - rank(nearest));
  const magnitude = Math.abs(nearest);
  const unit = magnitude === 0 ? 2 ** -149 : fromBits(rank(magnitude) + 1) - magnitude;
  return Math.abs(actual - exact) / (Number.isFinite(unit) ? unit : 2 ** 104);
}

/** Every `step`th f32 of all patterns, negative ones and subnormals included, and the special values. */
function sample(step: number): number[] {
  const values = [
    0,
    -0,
    1,
    -1,
    Infinity,
    -Infinity,
    NaN,
    2 ** -149,
    -(2 ** -149),
    2 ** -126,
    3.4028234663852886e38,
    -3.4028234663852886e38,
  ];
  for (let bits = 0; bits < 0x7f800000; bits += step) values.push(fromBits(bits), -fromBits(bits));
  return values;
}

/** A dense sample between two numbers. */
function between(low: number, high: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.fround(low + ((high - low) * i) / (count - 1)));
}

const bounds: Readonly<
  Record<'exp' | 'log' | 'sin' | 'cos' | 'tanh' | 'atan' | 'erf', readonly [ulps: number, low: number, high: number]>
> = {
  exp: [1, -104, 89],
  log: [1, 0.25, 4],
  sin: [2, -20, 20],
  cos: [2, -20, 20],
  tanh: [2, -10, 10],
  atan: [2, -5, 5],
  erf: [2, -4.5, 4.5],
};

describe.each(Object.entries(bounds))('%s', { timeout: 60_000 }, (name, [bound, low, high]) => {
  const op = name as ScalarOp;
  const exact = (x: number): number => scalarInstructions[op].evaluate('f64', x, 0, 0);

  test(`is within ${bound} ulp of the exact value everywhere`, () => {
    const inputs = [...sample(40_009), ...between(low, high, 50_001)];
    const outputs = evaluate(op, inputs);
    const worst = inputs.reduce(
      (found, x, i) => {
        const error = ulps(outputs[i] as number, exact(x));
        return error > found.error ? { error, x, got: outputs[i] as number } : found;
      },
      { error: 0, x: 0, got: 0 },
    );
    expect(worst.error, JSON.stringify(worst)).toBeLessThanOrEqual(bound);
  });

  test('gives the same for an element wherever it lies', () => {
    const inputs = between(low, high, 23);
    expect(inputs.flatMap((x) => evaluate(op, [x]))).toEqual(evaluate(op, inputs));
  });
});

describe('pow', { timeout: 60_000 }, () => {
  const exact = (a: number, b: number): number => scalarInstructions.pow.evaluate('f64', a, b, 0);

  test('is within 1 ulp of the exact value, with the special cases of the definition', () => {
    const special = [0, -0, 1, -1, 2, -2, 0.5, 3, -3, Infinity, -Infinity, NaN, 2 ** -149, 1e30, 1e-30, 2.5, -2.5];
    const pairs = special.flatMap((a) => special.map((b) => [a, b] as const));
    for (const a of between(0.01, 30, 300)) for (const b of between(-20, 20, 41)) pairs.push([a, b]);
    for (const a of sample(3_000_017)) for (const b of [0.5, -1.5, 2, 0.01]) pairs.push([a, b]);
    const outputs = evaluate(
      'pow',
      pairs.map(([a]) => a),
      pairs.map(([, b]) => b),
    );
    for (const [i, [a, b]] of pairs.entries()) {
      const [x, y] = [Math.fround(a), Math.fround(b)];
      expect(ulps(outputs[i] as number, exact(x, y)), `pow(${x}, ${y}) = ${outputs[i]}`).toBeLessThanOrEqual(1);
    }
  });
});

describe('rem', () => {
  test('is exact for quotients of any size', () => {
    const values = sample(60_000_011);
    const pairs = values.flatMap((a) => values.map((b) => [a, b] as const));
    const outputs = evaluate(
      'rem',
      pairs.map(([a]) => a),
      pairs.map(([, b]) => b),
    );
    expect(outputs).toEqual(pairs.map(([a, b]) => a % b));
  });
});
