import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { moves } from '../../../src/devices/cpu/loop/moves.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import { dtypes, type DType } from '../../../src/dtype/dtype.ts';
import type { LoopSpec, ReduceOp } from '../../../src/kernel/spec.ts';
import { runOn } from '../run-on.ts';

const cpu = createCpuDevice();
const reference = createReferenceDevice();

interface Folded {
  readonly op: ReduceOp;
  readonly from: DType;
  readonly to?: DType;
  /** Between elements of a row, and between rows. */
  readonly apart: readonly [point: number, row: number];
}

/** One value of each row. */
function folded([rows, points]: readonly [number, number], { op, from, to = from, apart }: Folded): LoopSpec {
  return {
    kind: 'loop',
    bindings: [
      { dtype: from, access: 'read' },
      { dtype: to, access: 'write' },
    ],
    outer: [rows],
    inner: [points],
    body: [
      { kind: 'load', access: { binding: 0, offset: 0, strides: [apart[1], apart[0]] }, dtype: 'f32' },
      { kind: 'reduce', op, arg: 0, dtype: 'f32' },
      { kind: 'store', access: { binding: 1, offset: 0, strides: [1, 0] }, arg: 1, each: 'row' },
    ],
  };
}

test('extrema of 16 bits are found by their bits where they are stored as they are', () => {
  const of = (op: ReduceOp, from: DType, to: DType): number =>
    moves(folded([4, 9], { op, from, to, apart: [1, 9] })).size;
  expect(of('max', 'f16', 'f16')).toBe(2);
  expect(of('min', 'bf16', 'bf16')).toBe(2);
  expect(of('max', 'f16', 'f32')).toBe(0);
  expect(of('sum', 'f16', 'f16')).toBe(0);
  expect(of('max', 'f32', 'f32')).toBe(0);
});

const [nothing, whatever] = [fc.constantFrom(NaN, Infinity, -Infinity, -0, 0), fc.float({ noNaN: true })];
/** Rows of one sign are those whose order is the opposite one. */
const numbers = fc.oneof(
  fc.array(fc.oneof({ weight: 9, arbitrary: whatever }, nothing), { minLength: 1, maxLength: 40 }),
  fc.array(fc.float({ min: -60_000, max: Math.fround(-(2 ** -24)), noNaN: true }), { minLength: 1, maxLength: 40 }),
  fc.array(fc.constantFrom(0, -0), { minLength: 1, maxLength: 9 }),
  fc.array(fc.constantFrom(NaN, -1, -Infinity), { minLength: 1, maxLength: 9 }),
);
const size = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 60, max: 150 }));

test('extrema of 16 bits along rows, and over neighbouring, every other and distant elements, are those of the reference', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<ReduceOp>('max', 'min'),
      fc.constantFrom<DType>('f16', 'bf16'),
      fc.tuple(size, size),
      fc.constantFrom('points', 'rows', 'every other row', 'third row'),
      numbers,
      (op, from, [rows, points], along, values) => {
        const { encode, decode } = dtypes[from];
        const step = { points: points, rows: 1, 'every other row': 2, 'third row': 3 }[along];
        const apart = along === 'points' ? ([1, step] as const) : ([rows * step, step] as const);
        const table = Array.from({ length: rows * points * 3 }, (_, i) =>
          decode(encode(values[i % values.length] as number)),
        );
        const spec = folded([rows, points], { op, from, apart });
        const [actual, expected] = [cpu, reference].map((device) => runOn(device, spec, [table, rows])[1]);
        expect(actual).toEqual(expected);
      },
    ),
    { numRuns: 300 },
  );
});
