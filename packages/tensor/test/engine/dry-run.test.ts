import {
  compile,
  conv2d,
  createReferenceDevice,
  defineKernel,
  csr,
  dryRun,
  encodeMatrix,
  full,
  Generator,
  int8,
  LifetimeError,
  memory,
  multiplyAccumulates,
  ones,
  rand,
  randn,
  sizeOf,
  tensor,
  type KernelDescription,
  type Tensor,
} from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

describe('dryRun', () => {
  test('gives shapes and asks nothing of the device', () => {
    const device = createReferenceDevice('dry run');
    const weight = full([3, 4], 2, { device });
    const bytes = memory(device);
    const found = dryRun([{ shape: [1000, 3], device }], (x) => {
      const y = x.matmul(weight).relu();
      return { shape: y.shape, dtype: y.dtype, device: y.device.name };
    });
    expect(found).toEqual({ shape: [1000, 4], dtype: 'f32', device: 'dry run' });
    expect(memory(device)).toEqual(bytes);
  });

  test('leaves tensors and generators as they were', () => {
    const state = tensor([1, 2]);
    const lazy = tensor([1]).add(1);
    const leaf = tensor([3, 4]).requiresGradients();
    const generator = new Generator(1);
    const before = generator.state();
    dryRun([{ shape: [2] }], (x) => {
      for (const each of [state, leaf]) each.assign(x.add(rand([2], { generator })));
      state.assign(state.mul(2));
      lazy.assign(x.sum().reshape([1]));
    });
    expect(generator.state()).toEqual(before);
    expect([state, lazy, leaf].map((each) => each.arraySync())).toEqual([[1, 2], [2], [3, 4]]);
    expect(leaf.requiresGrad).toBe(true);
  });

  test('has no values to read, and leaves none behind', () => {
    expect(() => dryRun([{ shape: [2] }], (x) => x.sum().itemSync())).toThrow(LifetimeError);
    expect(() => dryRun([{ shape: [2] }], (x) => x.sum().itemSync())).toThrow(/dryRun: .* inside a dry run/);
    let escaped: Tensor | undefined;
    dryRun([{ shape: [2] }], (x) => (escaped = x.add(1)));
    expect(() => escaped?.shape).toThrow(LifetimeError);
    // What follows computes as before.
    expect(ones([2]).add(1).arraySync()).toEqual([2, 2]);
  });

  test('works while a step is recorded, and is no part of it', () => {
    const captured = tensor([1, 2]);
    const step = compile((x: Tensor) => {
      const [size = 0] = dryRun([{ shape: [3] }], (y) => (captured.assign(y.narrow(0, 0, 2)), y.reshape(3, 1).shape));
      return x.mul(size).add(captured);
    });
    expect(step(tensor([1, 1])).arraySync()).toEqual([4, 5]);
    expect(captured.arraySync()).toEqual([1, 2]);
  });
});

describe('multiplyAccumulates', () => {
  const size = fc.integer({ min: 1, max: 5 });

  test('of a batched product is that of its three loops', () => {
    fc.assert(
      fc.property(fc.array(size, { maxLength: 2 }), size, size, size, (batch, m, k, n) => {
        const [a, b] = [randn([...batch, m, k]), randn([k, n])];
        const product = batch.reduce((count, each) => count * each, m * k * n);
        expect(multiplyAccumulates(a.matmul(b), [a])).toBe(product);
        expect(multiplyAccumulates(a.matmul(b).relu().sum())).toBe(product);
      }),
    );
  });

  test('of a convolution counts each tap of each output, also beyond the border', () => {
    const [x, w] = [randn([2, 4, 6, 5]), randn([6, 2, 3, 2])];
    const y = conv2d(x, w, { groups: 2, padding: 1, stride: 2 });
    expect(multiplyAccumulates(y, [x])).toBe(y.size * 2 * 3 * 2);
  });

  test('of a product with a matrix in a format is the nominal one', async () => {
    const dense = randn([6, 8]);
    for (const matrix of [await encodeMatrix(dense, int8), await encodeMatrix(dense, csr)]) {
      const x = randn([3, 8]);
      expect(multiplyAccumulates(x.matmul(matrix.t()), [x])).toBe(3 * 6 * 8);
    }
  });

  test("of a kernel of one's own is what it says", () => {
    const description: KernelDescription = {
      name: 'pairs',
      inputs: 1,
      outputs: ([x]) => (x ? [x, x] : []),
      reference: () => {},
      multiplyAccumulates: ([x], { times }) => sizeOf(x?.shape ?? []) * Number(times),
    };
    const x = ones([2, 3]);
    const [, second] = defineKernel(description)([x], { times: 4 });
    expect(multiplyAccumulates(second as Tensor, [x])).toBe(24);
    const { multiplyAccumulates: _, ...silent } = description;
    expect(multiplyAccumulates(defineKernel(silent)([x])[0] as Tensor)).toBe(0);
    const wrong = defineKernel({ ...description, multiplyAccumulates: () => Number.NaN });
    expect(() => multiplyAccumulates(wrong([x])[0] as Tensor)).toThrow(/pairs: what its multiplyAccumulates gives/);
  });

  test('counts what lies between, once, and nothing before or beside', () => {
    const [a, b] = [randn([2, 2]), randn([2, 2])];
    const before = a.matmul(b);
    const beside = b.matmul(b);
    const square = before.matmul(beside);
    const y = square.add(square).matmul(before);
    expect(multiplyAccumulates(y, [before])).toBe(8 + 8);
    expect(multiplyAccumulates(y, [a])).toBe(8 + 8 + 8);
    expect(multiplyAccumulates(y)).toBe(4 * 8);
    expect(multiplyAccumulates(y, [])).toBe(0);
    expect(multiplyAccumulates(before, [before])).toBe(0);
    y.realizeSync();
    expect(multiplyAccumulates(y)).toBe(0);
  });
});
