/** What a contraction means as a loop, which is how it runs on devices without a kernel for it. */
import {
  conv2d,
  createCpuDevice,
  createReferenceDevice,
  dtypes,
  encodeMatrix,
  int8,
  multiplyAccumulates,
  ones,
  type DType,
} from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contractionOf } from '../../src/kernel/contraction/contraction.ts';
import { withEpilogue } from '../../src/kernel/contraction/epilogue.ts';
import type { Access, Binding, ContractionSpec, LoopInstruction } from '../../src/kernel/spec.ts';
import { conv2dSpec, type ConvolutionCase } from '../devices/conv2d-spec.ts';
import { matmulSpec, type ProductCase } from '../devices/matmul-spec.ts';
import { runOn } from '../devices/run-on.ts';
import { watchKernels } from './watch-kernels.ts';

const reference = createReferenceDevice('contractions');
const assembled = createCpuDevice({ name: 'contractions' });

const size = fc.integer({ min: 1, max: 5 });
const pair = (min: number, max: number): fc.Arbitrary<[number, number]> =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
const anyDType = fc.constantFrom<DType>('f32', 'f64', 'f16', 'i32', 'u32');

const products: fc.Arbitrary<ProductCase> = fc.record({
  dtype: anyDType,
  batch: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
  m: size,
  n: size,
  k: fc.integer({ min: 0, max: 6 }),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
});

const convolutions: fc.Arbitrary<ConvolutionCase> = fc
  .record({
    pass: fc.constantFrom<ConvolutionCase['pass']>('forward', 'input', 'weight'),
    dtype: anyDType,
    batch: fc.integer({ min: 1, max: 2 }),
    groups: fc.integer({ min: 1, max: 2 }),
    inputs: fc.integer({ min: 1, max: 2 }),
    outputs: fc.integer({ min: 1, max: 2 }),
    size: pair(3, 5),
    kernel: pair(1, 3),
    stride: pair(1, 2),
    padding: pair(0, 2),
    offsets: fc.tuple(size, size, size),
  })
  .map(({ groups, inputs, outputs, ...rest }) => ({
    ...rest,
    groups,
    inChannels: groups * inputs,
    outChannels: groups * outputs,
  }));

/** Whole numbers that every dtype holds. */
const contents = (length: number): number[] => Array.from({ length }, (_, i) => (i * 7 + (i >> 2)) % 4);

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, each) => product * each, 1);

/** out = max(sum, one number for each index of the second dimension) · 2, as what a fused group would be. */
function epilogueOver(shape: readonly number[], dtype: DType): { bindings: Binding[]; body: LoopInstruction[] } {
  const { compute } = dtypes[dtype];
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const operand: Access = { binding: 2, offset: 0, strides: shape.map((_, axis) => Number(axis === 1)) };
  return {
    bindings: [
      { dtype, access: 'read' },
      { dtype, access: 'write' },
    ],
    body: [
      { kind: 'accumulator', dtype: compute },
      { kind: 'load', access: operand, dtype: compute },
      { kind: 'scalar', op: 'max', args: [0, 1], dtype: compute },
      { kind: 'scalar', op: 'add', args: [2, 2], dtype: compute },
      { kind: 'store', access: { binding: 3, offset: 0, strides }, arg: 3, each: 'row' },
    ],
  };
}

/** Compares the kernel with its loop, both on the reference device, and the loop on the assembled one. */
function meansItsLoop(spec: ContractionSpec, lengths: readonly number[]): void {
  const given = lengths.map((length, binding) =>
    spec.bindings[binding]?.access === 'read' ? contents(length) : length,
  );
  const loop = contractionOf(spec).loop?.();
  if (!loop) throw new Error(`${spec.kind} has no meaning as a loop`);
  const expected = runOn(reference, spec, given);
  expect(runOn(reference, loop, given)).toEqual(expected);
  expect(runOn(assembled, loop, given)).toEqual(expected);
}

describe('as loops', () => {
  test('matrix products mean what the reference computes, with and without an epilogue', () => {
    fc.assert(
      fc.property(products, fc.boolean(), (item, finished) => {
        const spec = matmulSpec(item);
        const { batch = [], m, n, k } = item;
        const count = sizeOf(batch);
        const shape = [...batch, m, n];
        const lengths = [count * m * k, count * k * n];
        if (!finished) return meansItsLoop(spec, [...lengths, count * m * n]);
        const { bindings, body } = epilogueOver(shape, item.dtype ?? 'f32');
        const all = [...spec.bindings.slice(0, 2), ...bindings];
        return meansItsLoop(withEpilogue(spec, all, body), [...lengths, shape[1] as number, count * m * n]);
      }),
    );
  });

  test('convolutions and their gradients mean what the reference computes, forward with an epilogue too', () => {
    fc.assert(
      fc.property(convolutions, fc.boolean(), (item, finished) => {
        const { spec, sizes } = conv2dSpec(item);
        if (!finished || item.pass !== 'forward') return meansItsLoop(spec, sizes);
        const shape = [spec.batch, spec.outChannels, ...spec.outSize];
        const { bindings, body } = epilogueOver(shape, item.dtype ?? 'f32');
        const all = [...spec.bindings.slice(0, 2), ...bindings];
        const lengths = [sizes[0], sizes[1], spec.outChannels, sizeOf(shape)];
        return meansItsLoop(withEpilogue(spec, all, body), lengths);
      }),
    );
  });
});

test('a contraction that a device has no kernel for runs as one loop', () => {
  const device = createCpuDevice({ name: 'refusing' });
  const watched = watchKernels(device);
  const [a, b] = [ones([3, 4], { dtype: 'f64', device }), ones([4, 2], { dtype: 'f64', device })];
  expect(a.matmul(b).sum().itemSync()).toBe(24);
  const image = ones([1, 1, 3, 3], { dtype: 'i32', device });
  expect(
    conv2d(image, ones([1, 1, 2, 2], { dtype: 'i32', device }))
      .sum()
      .itemSync(),
  ).toBe(16);
  expect(new Set(watched.specs.map(({ kind }) => kind))).toEqual(new Set(['loop']));
  watched.stop();
  device.dispose();
});

test('multiply-accumulates follow from the contraction, whatever its factors are stored as', async () => {
  const device = reference;
  expect(multiplyAccumulates(ones([2, 3, 4], { device }).matmul(ones([2, 4, 5], { device })))).toBe(2 * 3 * 4 * 5);
  const encoded = await encodeMatrix(ones([5, 8], { device }), int8);
  expect(multiplyAccumulates(ones([3, 8], { device }).matmul(encoded.t()))).toBe(3 * 8 * 5);
  const y = conv2d(ones([2, 4, 6, 6], { device }), ones([6, 2, 3, 3], { device }), { groups: 2, padding: 1 });
  expect(multiplyAccumulates(y)).toBe(2 * 6 * 6 * 6 * 2 * 9);
});
