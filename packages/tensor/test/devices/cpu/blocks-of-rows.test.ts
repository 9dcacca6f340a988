/** Rows that are folded side by side in lanes: blocks of them, for each of which the finer dimensions are walked. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { arrange } from '../../../src/devices/cpu/loop/nest.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import type { LoopSpec } from '../../../src/kernel/spec.ts';
import { runOn } from '../run-on.ts';

const cpu = createCpuDevice();
const reference = createReferenceDevice();

/** The largest of windows of 2 × 2 of images side by side, and what share of it each element has. */
function pooling(rows: number, columns: number): LoopSpec {
  const [row, point] = [
    [columns, 1, 0, 0],
    [4 * columns, 4, 2, 1],
  ];
  return {
    kind: 'loop',
    bindings: [
      { dtype: 'f32', access: 'read' },
      { dtype: 'f32', access: 'write' },
      { dtype: 'f32', access: 'write' },
    ],
    outer: [rows, columns],
    inner: [2, 2],
    body: [
      { kind: 'load', access: { binding: 0, offset: 0, strides: [4 * columns, 2, 2 * columns, 1] }, dtype: 'f32' },
      { kind: 'reduce', op: 'max', arg: 0, dtype: 'f32' },
      { kind: 'store', access: { binding: 1, offset: 0, strides: row }, arg: 1, each: 'row' },
      { kind: 'scalar', op: 'eq', args: [0, 1], dtype: 'bool' },
      { kind: 'scalar', op: 'cast', args: [3], dtype: 'f32' },
      { kind: 'reduce', op: 'sum', arg: 4, dtype: 'f32' },
      { kind: 'scalar', op: 'div', args: [4, 5], dtype: 'f32' },
      { kind: 'store', access: { binding: 2, offset: 0, strides: point }, arg: 6, each: 'point' },
    ],
  };
}

test('a block is finished before the next, so that threads write apart', () => {
  expect(arrange(pooling(5120, 5)).outer).toEqual([80, 5, 64]);
  expect(arrange(pooling(5120, 5)).laneDim).toBe(2);
  expect(arrange(pooling(72, 5)).outer).toEqual([2, 5, 36]);
  const whole = arrange(pooling(66, 5));
  expect([whole.outer, whole.interleaved]).toEqual([[5, 66], true]);
});

test('windows of any images agree with the reference', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 260 }), fc.integer({ min: 1, max: 7 }), (rows, columns) => {
      const spec = pooling(rows, columns);
      const x = Array.from({ length: rows * columns * 4 }, (_, index) => Math.fround(Math.sin(index * 7)));
      const contents = [x, rows * columns, x.length];
      expect(runOn(cpu, spec, contents)).toEqual(runOn(reference, spec, contents));
    }),
  );
});
