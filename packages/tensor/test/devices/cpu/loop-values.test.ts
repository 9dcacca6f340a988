import { describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import type { ComputeDType } from '../../../src/dtype/dtype.ts';
import type { Access, LoopInstruction, LoopSpec, ReduceOp } from '../../../src/kernel/spec.ts';
import { scalarInstructions, type ScalarOp } from '../../../src/scalar/instructions.ts';
import { runOn } from '../run-on.ts';

const cpu = createCpuDevice();
const reference = createReferenceDevice();
const at = (binding: number, strides: readonly number[]): Access => ({ binding, offset: 0, strides });
const load = (binding: number, dtype: ComputeDType, strides: readonly number[]): LoopInstruction => ({
  kind: 'load',
  access: at(binding, strides),
  dtype,
});

const floats = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  1e-40,
  3e38,
  -3e38,
  2147483648,
  -2147483649,
  4294967296,
  NaN,
  Infinity,
  -Infinity,
];
const specials: Readonly<Record<ComputeDType, readonly number[]>> = {
  f32: floats,
  f64: floats,
  i32: [0, 1, -1, 2, -2, 7, -7, 31, 33, 2147483647, -2147483648, 65537],
  u32: [0, 1, 2, 7, 31, 33, 2147483648, 4294967295, 65537],
  bool: [0, 1],
};
const exactOps: readonly ScalarOp[] = [
  'add',
  'sub',
  'mul',
  'div',
  'rem',
  'neg',
  'abs',
  'min',
  'max',
  'floor',
  'ceil',
  'trunc',
  'round',
  'sqrt',
  'lt',
  'le',
  'eq',
  'and',
  'or',
  'xor',
  'shl',
  'shr',
  'mulhi',
];
const domains: Readonly<Record<string, readonly ComputeDType[]>> = {
  number: ['f32', 'f64', 'i32', 'u32'],
  float: ['f32', 'f64'],
  integer: ['i32', 'u32'],
  bits: ['i32', 'u32', 'bool'],
  any: ['f32', 'f64', 'i32', 'u32', 'bool'],
};
const cases = exactOps.flatMap((op) =>
  (domains[scalarInstructions[op].domain] ?? []).map((dtype) => [op, dtype] as const),
);

/** The same on both devices, for a count that leaves a rest after whole vectors. */
function agree(spec: LoopSpec, contents: readonly (readonly number[])[]): void {
  expect(runOn(cpu, spec, contents)).toEqual(runOn(reference, spec, contents));
}

describe('special values', () => {
  test.each(cases)('%s on %s is the defining one', (op, dtype) => {
    const values = specials[dtype];
    const pairs = values.flatMap((a) => values.map((b) => [a, b] as const));
    const result = scalarInstructions[op].result === 'bool' ? 'bool' : dtype;
    const { arity } = scalarInstructions[op];
    const spec: LoopSpec = {
      kind: 'loop',
      bindings: [
        { dtype, access: 'read' },
        { dtype, access: 'read' },
        { dtype: result, access: 'write' },
      ],
      outer: [pairs.length],
      inner: [],
      body: [
        load(0, dtype, [1]),
        load(1, dtype, [1]),
        { kind: 'scalar', op, args: arity === 1 ? [0] : [0, 1], dtype: result },
        { kind: 'store', access: at(2, [1]), arg: 2, each: 'row' },
      ],
    };
    agree(spec, [pairs.map(([a]) => a), pairs.map(([, b]) => b), pairs.map(() => 0)]);
  });

  test.each(
    (['f32', 'f64'] as const).flatMap((dtype) =>
      (['min', 'max'] as const).flatMap((op) =>
        [0, '-0', 1, -2.5, 'Infinity', '-Infinity', 'NaN'].map((bound) => [op, dtype, bound] as const),
      ),
    ),
  )('%s on %s with the constant %s, on either side', (op, dtype, bound) => {
    const spec = (args: readonly number[]): LoopSpec => ({
      kind: 'loop',
      bindings: [
        { dtype, access: 'read' },
        { dtype, access: 'write' },
      ],
      outer: [floats.length],
      inner: [],
      body: [
        load(0, dtype, [1]),
        { kind: 'constant', value: bound, dtype },
        { kind: 'scalar', op, args, dtype },
        { kind: 'store', access: at(1, [1]), arg: 2, each: 'row' },
      ],
    });
    for (const args of [
      [0, 1],
      [1, 0],
    ])
      agree(spec(args), [floats, floats.map(() => 0)]);
  });

  test.each(
    (['f32', 'f64', 'i32', 'u32', 'bool'] as const).flatMap((from) =>
      (['f32', 'f64', 'i32', 'u32', 'bool'] as const).map((to) => [from, to] as const),
    ),
  )('cast from %s to %s', (from, to) => {
    const values = [...specials[from], ...specials[from]];
    const spec: LoopSpec = {
      kind: 'loop',
      bindings: [
        { dtype: from, access: 'read' },
        { dtype: to, access: 'write' },
      ],
      outer: [values.length],
      inner: [],
      body: [
        load(0, from, [1]),
        { kind: 'scalar', op: 'cast', args: [0], dtype: to },
        { kind: 'store', access: at(1, [1]), arg: 1, each: 'row' },
      ],
    };
    agree(spec, [values, values.map(() => 0)]);
  });

  test.each(['f16', 'bf16'] as const)('every rounding to %s', (dtype) => {
    const values = [
      ...floats,
      65504,
      65519.99,
      65520,
      2 ** -24,
      2 ** -25,
      1.5 * 2 ** -25,
      6e-5,
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      1 + 2 ** -8,
      1 + 3 * 2 ** -8,
      3.39e38,
      -6.1e-5,
    ];
    const spec: LoopSpec = {
      kind: 'loop',
      bindings: [
        { dtype: 'f32', access: 'read' },
        { dtype, access: 'write' },
      ],
      outer: [values.length],
      inner: [],
      body: [load(0, 'f32', [1]), { kind: 'store', access: at(1, [1]), arg: 0, each: 'row' }],
    };
    agree(spec, [values, values.map(() => 0)]);
  });

  test.each(['sum', 'prod', 'max', 'min'] as const)(
    'a %s meets NaN in any lane, and nothing at all',
    (op: ReduceOp) => {
      const spec = (length: number): LoopSpec => ({
        kind: 'loop',
        bindings: [
          { dtype: 'f32', access: 'read' },
          { dtype: 'f32', access: 'write' },
        ],
        outer: [],
        inner: [length],
        body: [
          load(0, 'f32', [1]),
          { kind: 'reduce', op, arg: 0, dtype: 'f32' },
          { kind: 'store', access: at(1, [0]), arg: 1, each: 'row' },
        ],
      });
      for (let lane = 0; lane < 11; lane++)
        agree(spec(11), [Array.from({ length: 11 }, (_, i) => (i === lane ? NaN : i)), [0]]);
      agree(spec(0), [[], [5]]);
    },
  );
});

describe('row kernels', () => {
  const rows = 5;
  const input = (length: number): number[] =>
    Array.from({ length: rows * length }, (_, i) => Math.sin(i * 12.9898) * 4);
  const close = (actual: readonly number[], expected: readonly number[]): void => {
    for (const [i, value] of actual.entries())
      expect(Math.abs(value - (expected[i] as number))).toBeLessThanOrEqual(
        1e-6 * (1 + Math.abs(expected[i] as number)),
      );
  };

  test.each([1, 3, 10, 64, 131])('softmax over rows and columns of %i', (length) => {
    for (const strides of [
      [length, 1],
      [1, rows],
    ]) {
      const spec: LoopSpec = {
        kind: 'loop',
        bindings: [
          { dtype: 'f32', access: 'read' },
          { dtype: 'f32', access: 'write' },
        ],
        outer: [rows],
        inner: [length],
        body: [
          load(0, 'f32', strides),
          { kind: 'reduce', op: 'max', arg: 0, dtype: 'f32' },
          { kind: 'scalar', op: 'sub', args: [0, 1], dtype: 'f32' },
          { kind: 'scalar', op: 'exp', args: [2], dtype: 'f32' },
          { kind: 'reduce', op: 'sum', arg: 3, dtype: 'f32' },
          { kind: 'scalar', op: 'div', args: [3, 4], dtype: 'f32' },
          { kind: 'store', access: at(1, strides), arg: 5, each: 'point' },
        ],
      };
      const contents = [input(length), new Array<number>(rows * length).fill(0)];
      close(runOn(cpu, spec, contents)[1] as number[], runOn(reference, spec, contents)[1] as number[]);
    }
  });

  test('long sums keep their accuracy', () => {
    const length = 1_000_003;
    const values = Array.from({ length }, (_, i) => Math.fround(((i * 7919) % 1000) / 1000));
    const spec: LoopSpec = {
      kind: 'loop',
      bindings: [
        { dtype: 'f32', access: 'read' },
        { dtype: 'f32', access: 'write' },
      ],
      outer: [],
      inner: [length],
      body: [
        load(0, 'f32', [1]),
        { kind: 'reduce', op: 'sum', arg: 0, dtype: 'f32' },
        { kind: 'store', access: at(1, [0]), arg: 1, each: 'row' },
      ],
    };
    const exact = values.reduce((sum, value) => sum + value, 0);
    expect(Math.abs((runOn(cpu, spec, [values, [0]])[1]?.[0] as number) - exact) / exact).toBeLessThan(1e-5);
  });
});
