import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { tiled } from '../../../src/devices/cpu/loop/tiles.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import type { DType } from '../../../src/dtype/dtype.ts';
import type { LoopSpec } from '../../../src/kernel/spec.ts';
import { runOn } from '../run-on.ts';

const cpu = createCpuDevice();
const reference = createReferenceDevice();

/** Strides of a dense array whose dimensions lie in memory in that order. */
function strides(sizes: readonly number[], order: readonly number[]): number[] {
  const result = sizes.map(() => 0);
  let step = 1;
  for (const dim of order.toReversed()) {
    result[dim] = step;
    step *= sizes[dim] ?? 1;
  }
  return result;
}

/** Each element plus its number, from one order in memory to another. */
function reordered(
  sizes: readonly number[],
  [from, to]: readonly [readonly number[], readonly number[]],
  dtype: DType = 'f32',
): LoopSpec {
  return {
    kind: 'loop',
    bindings: [
      { dtype, access: 'read' },
      { dtype, access: 'write' },
    ],
    outer: sizes,
    inner: [],
    body: [
      { kind: 'load', access: { binding: 0, offset: 0, strides: strides(sizes, from) }, dtype: 'f32' },
      { kind: 'index', offset: 3, strides: strides(sizes, to), dtype: 'i32' },
      { kind: 'scalar', op: 'cast', args: [1], dtype: 'f32' },
      { kind: 'scalar', op: 'add', args: [0, 2], dtype: 'f32' },
      { kind: 'store', access: { binding: 1, offset: 0, strides: strides(sizes, to) }, arg: 3, each: 'row' },
    ],
  };
}

const size = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 60, max: 140 }));
const order = fc.shuffledSubarray([0, 1, 2], { minLength: 3, maxLength: 3 });

test('maps between any two orders in memory agree with the reference', () => {
  fc.assert(
    fc.property(
      fc.tuple(fc.integer({ min: 1, max: 4 }), size, size),
      order,
      order,
      fc.constantFrom<DType>('f32', 'f16', 'bf16', 'i32'),
      (sizes, from, to, dtype) => {
        const spec = reordered(sizes, [from, to], dtype);
        const count = sizes.reduce((product, one) => product * one, 1);
        const contents = [Array.from({ length: count }, (_, i) => i % 97), new Array<number>(count).fill(0)];
        expect(runOn(cpu, spec, contents)).toEqual(runOn(reference, spec, contents));
      },
    ),
    { numRuns: 60 },
  );
});

test('a large transpose goes in tiles, whose own dimensions stay innermost, with what is left at two edges', () => {
  const transpose = (rows: number, columns: number): readonly unknown[] =>
    tiled(
      reordered(
        [rows, columns],
        [
          [0, 1],
          [1, 0],
        ],
      ),
    ).map(({ spec, innermost }) => [spec.outer, innermost]);
  expect(transpose(128, 64)).toEqual([
    [
      [16, 8, 4, 16],
      [1, 3],
    ],
  ]);
  expect(transpose(131, 70)).toEqual([
    [
      [16, 8, 4, 16],
      [1, 3],
    ],
    [[3, 70], undefined],
    [[128, 6], undefined],
  ]);
  // Tiles of 16 columns would leave more.
  expect(transpose(128, 72)[0]).toEqual([
    [16, 8, 9, 8],
    [1, 3],
  ]);
  expect(transpose(128, 30)).toEqual([[[128, 30], undefined]]);
});
