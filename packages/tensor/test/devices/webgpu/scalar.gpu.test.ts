/** Every scalar instruction on the adapter against its definition, ordinary and awkward arguments alike. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Device } from '../../../src/device/device.ts';
import { dtypes, saturateToInt32, saturateToUint32, type ComputeDType, type DType } from '../../../src/dtype/dtype.ts';
import type { LoopInstruction, LoopSpec } from '../../../src/kernel/spec.ts';
import { bitcast, convert, scalarInstructions, type ScalarOp } from '../../../src/scalar/instructions.ts';
import { exact, numbers, openTestDevice, runOn, type Tolerance } from './agreement.ts';

// A first run compiles a kernel per case, which an emulated GPU takes its time over.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let device: Device;
beforeAll(async () => {
  device = await openTestDevice();
});
afterAll(() => device.dispose());

const awkward: Readonly<Record<'f32' | 'i32' | 'u32' | 'bool', readonly number[]>> = {
  f32: [
    0,
    -0,
    1,
    -1,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    3,
    1e-30,
    -1e30,
    3.4028234663852886e38,
    2147483648,
    -2147483648,
    4294967296,
    16777217,
    0.1,
    -7.25,
    88,
    -100,
    1e10,
    NaN,
    Infinity,
    -Infinity,
  ].map(Math.fround),
  i32: [0, 1, -1, 2, -2, 7, 31, 32, 33, 100, 65535, 65536, 2147483647, -2147483647, -2147483648],
  u32: [0, 1, 2, 7, 31, 32, 33, 65535, 65536, 2147483647, 2147483648, 4294967295],
  bool: [0, 1],
};

const scalarSpec = (op: ScalarOp, from: ComputeDType, to: ComputeDType, count: number): LoopSpec => {
  const { arity } = scalarInstructions[op];
  const dtypesOfArguments: DType[] = op === 'select' ? ['bool', from, from] : new Array<DType>(arity).fill(from);
  const loads = dtypesOfArguments.map((dtype, binding): LoopInstruction => ({
    kind: 'load',
    access: { binding, offset: 0, strides: [1] },
    dtype: dtypes[dtype].compute,
  }));
  return {
    kind: 'loop',
    bindings: [
      ...dtypesOfArguments.map((dtype) => ({ dtype, access: 'read' as const })),
      { dtype: to, access: 'write' },
    ],
    outer: [count],
    inner: [],
    body: [
      ...loads,
      { kind: 'scalar', op, args: loads.map((_, position) => position), dtype: to },
      { kind: 'store', access: { binding: arity, offset: 0, strides: [1] }, arg: arity, each: 'point' },
    ],
  };
};

/** All pairs of the awkward values, then random ones. */
function argumentsFor(op: ScalarOp, from: 'f32' | 'i32' | 'u32' | 'bool'): number[][] {
  const base = awkward[from];
  const { arity } = scalarInstructions[op];
  const random = (seed: number): number[] => {
    const wide = numbers(600, -1, 1, seed);
    if (from === 'f32') return wide.map((value, index) => Math.fround(value * 10 ** (index % 5)));
    if (from === 'bool') return wide.map((value) => Number(value > 0));
    return wide.map((value) =>
      from === 'i32' ? saturateToInt32(value * 2 ** 31) : saturateToUint32(Math.abs(value) * 2 ** 32),
    );
  };
  if (arity === 1) return [[...base, ...random(1)]];
  const left = base.flatMap((a) => base.map(() => a));
  const right = base.flatMap(() => [...base]);
  const pairs = [
    [...left, ...random(2)],
    [...right, ...random(3)],
  ];
  return arity === 2 ? pairs : [left.concat(random(2)).map((_, index) => (index % 3 === 0 ? 0 : 1)), ...pairs];
}

/** What the instructions promise beyond exactness, in units of 2^-23 relative and absolute. */
const inexact: Partial<Record<ScalarOp, Tolerance>> = {
  div: { absolute: 0, relative: 2.5 * 2 ** -23 },
  sqrt: { absolute: 0, relative: 2 ** -22 },
  pow: { absolute: 0, relative: 2 ** -20 },
  exp: { absolute: 0, relative: 2 ** -22 },
  log: { absolute: 0, relative: 2 ** -22 },
  sin: { absolute: 2 ** -22, relative: 0 },
  cos: { absolute: 2 ** -22, relative: 0 },
  tanh: { absolute: 0, relative: 2 ** -21 },
  atan: { absolute: 0, relative: 2 ** -21 },
  erf: { absolute: 0, relative: 2 ** -21 },
};

/** Adapters may flush denormals, as arguments and as results. */
const mayFlush = (...values: number[]): boolean => values.some((value) => value !== 0 && Math.abs(value) < 2 ** -126);

async function check(
  op: ScalarOp,
  from: 'f32' | 'i32' | 'u32' | 'bool',
  to: ComputeDType,
  define: (args: readonly number[]) => number,
): Promise<void> {
  const args = argumentsFor(op, from);
  const count = args[0]?.length ?? 0;
  const results = await runOn(device, scalarSpec(op, from, to, count), [...args, count]);
  const actual = results.at(-1) ?? [];
  const { absolute, relative } = (from === 'f32' && inexact[op]) || exact;
  const wrong = actual.flatMap((got, index) => {
    const values = args.map((list) => list[index] ?? Number.NaN);
    const want = define(values);
    const close =
      Number.isFinite(want) &&
      Number.isFinite(got) &&
      Math.abs(got - want) <= absolute + relative * Math.abs(want) &&
      (want !== 0 || Object.is(got, want) || absolute > 0);
    return Object.is(got, want) || close || (from === 'f32' && mayFlush(want, ...values))
      ? []
      : [`${op}(${values.join(', ')}) = ${got}, not ${want}`];
  });
  expect(wrong.slice(0, 5)).toEqual([]);
}

/** The compute dtypes of a domain that WGSL has. */
const domains = {
  number: ['f32', 'i32', 'u32'],
  float: ['f32'],
  integer: ['i32', 'u32'],
  bits: ['i32', 'u32', 'bool'],
  any: ['f32', 'i32', 'u32', 'bool'],
} as const;

const plainCases = (Object.keys(scalarInstructions) as ScalarOp[])
  .filter((op) => op !== 'cast' && op !== 'bitcast')
  .flatMap((op) => domains[scalarInstructions[op].domain].map((dtype) => [op, dtype] as const));

describe('scalar instructions', () => {
  test.each(plainCases)('%s on %s', async (op, from) => {
    const { result, evaluate } = scalarInstructions[op];
    const to = result === 'bool' ? 'bool' : from;
    const round = dtypes[to].round;
    await check(op, from, to, ([a = 0, b = 0, c = 0]) => {
      const value = evaluate(from, a, b, c);
      return to === 'f32' ? round(value) : to === 'i32' ? value | 0 : to === 'u32' ? value >>> 0 : value;
    });
  });

  const compute = ['f32', 'i32', 'u32', 'bool'] as const;
  test.each(compute.flatMap((from) => compute.map((to) => [from, to] as const)))('cast %s to %s', async (from, to) => {
    await check('cast', from, to, ([a = 0]) => convert(from, to, a));
  });

  const words = ['f32', 'i32', 'u32'] as const;
  test.each(words.flatMap((from) => words.map((to) => [from, to] as const)))('bitcast %s to %s', async (from, to) => {
    await check('bitcast', from, to, ([a = 0]) => bitcast(from, to, a));
  });
});
