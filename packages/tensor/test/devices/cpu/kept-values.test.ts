import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { keepValues } from '../../../src/devices/cpu/loop/kept-values.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import type { LoopInstruction, LoopSpec } from '../../../src/kernel/spec.ts';
import { runOn } from '../run-on.ts';

const cpu = createCpuDevice();
const reference = createReferenceDevice();

/** A kernel over rows, 32 of 100: the steps after a load and its largest value, and a store of the last. */
function rowKernel(
  steps: readonly LoopInstruction[],
  [rows, points]: readonly [number, number] = [32, 100],
  strides: readonly number[] = [points, 1],
): LoopSpec {
  const body: readonly LoopInstruction[] = [
    { kind: 'load', access: { binding: 0, offset: 0, strides }, dtype: 'f32' },
    { kind: 'reduce', op: 'max', arg: 0, dtype: 'f32' },
    { kind: 'scalar', op: 'sub', args: [0, 1], dtype: 'f32' },
    ...steps,
  ];
  return {
    kind: 'loop',
    bindings: [
      { dtype: 'f32', access: 'read' },
      { dtype: 'f32', access: 'write' },
    ],
    outer: [rows],
    inner: [points],
    body: [...body, { kind: 'store', access: { binding: 1, offset: 0, strides }, arg: body.length - 1, each: 'point' }],
  };
}

const softmax: readonly LoopInstruction[] = [
  { kind: 'scalar', op: 'exp', args: [2], dtype: 'f32' },
  { kind: 'reduce', op: 'sum', arg: 3, dtype: 'f32' },
  { kind: 'scalar', op: 'div', args: [3, 4], dtype: 'f32' },
];

test('a softmax keeps its exponentials from the walk that sums them', () => {
  const { spec, scratchBytes } = keepValues(rowKernel(softmax));
  expect(scratchBytes).toBe(400);
  expect(spec.bindings[2]).toEqual({ dtype: 'f32', access: 'readwrite' });
  expect(spec.body.slice(3, 9)).toEqual([
    { kind: 'scalar', op: 'exp', args: [2], dtype: 'f32' },
    { kind: 'store', access: { binding: 2, offset: 0, strides: [0, 1] }, arg: 3, each: 'point' },
    { kind: 'load', access: { binding: 2, offset: 0, strides: [0, 1] }, dtype: 'f32' },
    { kind: 'reduce', op: 'sum', arg: 3, dtype: 'f32' },
    { kind: 'scalar', op: 'div', args: [5, 6], dtype: 'f32' },
    { kind: 'store', access: { binding: 1, offset: 0, strides: [100, 1] }, arg: 7, each: 'point' },
  ]);
});

test('what is cheap is computed again', () => {
  const centred = rowKernel([
    { kind: 'reduce', op: 'sum', arg: 2, dtype: 'f32' },
    { kind: 'scalar', op: 'div', args: [2, 3], dtype: 'f32' },
  ]);
  expect(keepValues(centred)).toEqual({ spec: centred, scratchBytes: 0, before: [] });
});

test('lanes that hold several rows keep nothing', () => {
  const columns = rowKernel(softmax, [32, 100], [1, 32]);
  expect(keepValues(columns)).toEqual({ spec: columns, scratchBytes: 0, before: [] });
});

test('numbers of 16 bits that all rows share are widened once', () => {
  const scaled = (rows: number): LoopSpec => ({
    kind: 'loop',
    bindings: [
      { dtype: 'f32', access: 'read' },
      { dtype: 'f16', access: 'read' },
      { dtype: 'f32', access: 'write' },
    ],
    outer: [rows],
    inner: [100],
    body: [
      { kind: 'load', access: { binding: 0, offset: 0, strides: [100, 1] }, dtype: 'f32' },
      { kind: 'reduce', op: 'max', arg: 0, dtype: 'f32' },
      { kind: 'load', access: { binding: 1, offset: 3, strides: [0, 2] }, dtype: 'f32' },
      { kind: 'scalar', op: 'mul', args: [1, 2], dtype: 'f32' },
      { kind: 'store', access: { binding: 2, offset: 0, strides: [100, 1] }, arg: 3, each: 'point' },
    ],
  });
  const { spec, scratchBytes, before } = keepValues(scaled(16));
  expect(scratchBytes).toBe(400);
  expect(spec.body[2]).toEqual({
    kind: 'load',
    access: { binding: 3, offset: 0, strides: [0, 1] },
    dtype: 'f32',
  });
  expect(before.map(({ outer, body }) => [outer, body])).toEqual([
    [
      [100],
      [
        { kind: 'load', access: { binding: 1, offset: 3, strides: [2] }, dtype: 'f32' },
        { kind: 'store', access: { binding: 3, offset: 0, strides: [1] }, arg: 0, each: 'row' },
      ],
    ],
  ]);
  expect(keepValues(scaled(15)).before).toEqual([]);
  const contents = [
    Array.from({ length: 1600 }, (_, i) => (i * 37) % 101),
    Array.from({ length: 203 }, (_, i) => i / 8),
    1600,
  ];
  expect(runOn(cpu, scaled(16), contents)).toEqual(runOn(reference, scaled(16), contents));
});

test('a softmax of any size agrees with the reference', () => {
  fc.assert(
    fc.property(
      fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 300 })),
      fc.array(fc.float({ min: -30, max: 30, noNaN: true }), { minLength: 1, maxLength: 40 }),
      ([rows, points], values) => {
        const spec = rowKernel(softmax, [rows, points]);
        const input = Array.from({ length: rows * points }, (_, i) => values[(i * 7) % values.length] as number);
        const [actual, expected] = [cpu, reference].map(
          (device) => runOn(device, spec, [input, rows * points])[1] as number[],
        ) as [number[], number[]];
        const error = Math.max(...actual.map((value, i) => Math.abs(value / (expected[i] as number) - 1)));
        expect(error).toBeLessThan(1e-5);
      },
    ),
    { numRuns: 40 },
  );
});
