import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { moves } from '../../../src/devices/cpu/loop/moves.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import { dtypes, type DType } from '../../../src/dtype/dtype.ts';
import type { LoopInstruction, LoopSpec } from '../../../src/kernel/spec.ts';
import { runOn } from '../run-on.ts';

const cpu = createCpuDevice();
const reference = createReferenceDevice();

interface Lookup {
  readonly from?: DType;
  readonly to?: DType;
  readonly otherwise?: number;
  readonly more?: readonly LoopInstruction[];
  readonly stored?: number;
  /** Along the first axis, or each element by itself. */
  readonly apart?: 0 | 1;
}

/** Elements [rows, columns] of a table [table, columns] by an index a row, or an element; `otherwise` for one below 0. */
function lookup(
  [rows, columns]: readonly [number, number],
  { from = 'f16', to = from, otherwise = 0, more = [], stored = 6, apart = 0 }: Lookup = {},
): LoopSpec {
  return {
    kind: 'loop',
    bindings: [
      { dtype: 'i32', access: 'read' },
      { dtype: from, access: 'read' },
      { dtype: to, access: 'write' },
    ],
    outer: [rows, columns],
    inner: [],
    body: [
      { kind: 'load', access: { binding: 0, offset: 0, strides: [columns, apart] }, dtype: 'i32' },
      { kind: 'constant', value: 0, dtype: 'i32' },
      { kind: 'constant', value: otherwise, dtype: 'f32' },
      { kind: 'scalar', op: 'max', args: [0, 1], dtype: 'i32' },
      { kind: 'gather', access: { binding: 1, offset: 0, strides: [0, 1] }, index: 3, stride: columns, dtype: 'f32' },
      { kind: 'scalar', op: 'le', args: [1, 0], dtype: 'bool' },
      { kind: 'scalar', op: 'select', args: [5, 4, 2], dtype: 'f32' },
      ...more,
      { kind: 'store', access: { binding: 2, offset: 0, strides: [columns, 1] }, arg: stored, each: 'row' },
    ],
  };
}

describe('numbers of 16 bits', () => {
  test('are moved through lookups that are 0 for an index outside', () => {
    expect([...moves(lookup([3, 70]))]).toEqual([
      [4, 'f16'],
      [6, 'f16'],
    ]);
  });

  test('are looked at where they change their dtype, or something is computed of them', () => {
    expect(moves(lookup([3, 70], { from: 'f16', to: 'bf16' })).size).toBe(0);
    expect(moves(lookup([3, 70], { from: 'f16', to: 'f32' })).size).toBe(0);
    expect(moves(lookup([3, 70], { otherwise: 1 })).size).toBe(0);
    const negated = lookup([3, 70], { more: [{ kind: 'scalar', op: 'neg', args: [6], dtype: 'f32' }], stored: 7 });
    expect(moves(negated).size).toBe(0);
    expect(moves(lookup([3, 70], { from: 'f32' })).size).toBe(0);
  });

  test('are looked at where one of those is that a choice is between', () => {
    const access = { binding: 1, offset: 0, strides: [70, 1] };
    const looked = lookup([3, 70], {
      more: [
        { kind: 'load', access, dtype: 'f32' },
        { kind: 'scalar', op: 'lt', args: [7, 7], dtype: 'bool' },
        { kind: 'scalar', op: 'select', args: [8, 6, 7], dtype: 'f32' },
      ],
      stored: 9,
    });
    expect(moves(looked).size).toBe(0);
  });

  test('come out as they were', () => {
    const number = fc.oneof(
      { weight: 4, arbitrary: fc.float({ min: -70_000, max: 70_000, noNaN: true }) },
      fc.constantFrom(NaN, Infinity, -Infinity, -0, 2 ** -24, -(2 ** -20)),
    );
    fc.assert(
      fc.property(
        fc.constantFrom<DType>('f16', 'bf16'),
        fc.constantFrom(0 as const, 1 as const),
        fc.tuple(
          fc.integer({ min: 1, max: 5 }),
          fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 60, max: 90 })),
        ),
        fc.array(number, { minLength: 1, maxLength: 40 }),
        fc.array(fc.integer({ min: -2, max: 3 }), { minLength: 1, maxLength: 20 }),
        (dtype, apart, [rows, columns], numbers, places) => {
          const { encode, decode } = dtypes[dtype];
          const table = Array.from({ length: 4 * columns }, (_, i) =>
            decode(encode(numbers[i % numbers.length] as number)),
          );
          const index = Array.from({ length: rows * columns }, (_, i) => places[i % places.length] as number);
          const spec = lookup([rows, columns], { from: dtype, apart });
          const [actual, expected] = [cpu, reference].map(
            (device) => runOn(device, spec, [index, table, rows * columns])[2],
          );
          expect(actual).toEqual(expected);
        },
      ),
      { numRuns: 150 },
    );
  });
});
