// What weights are multiplied with goes through views.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, cloneModel, Conv2d, Linear, SelfAttention, type InputView, type Parameter } from '@espalier/nn';
import { saveModel } from '@espalier/nn/node';
import { encodeMatrix, fromTyped, Generator, int8, randn, sizeOf, type Tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';

/** Multiplies each channel by its number, from 1 on. */
const byChannel = (name = 'by-channel'): InputView => ({
  name,
  by: 'channel',
  apply: (x, axis) => {
    const size = x.shape[axis] as number;
    const factors = fromTyped(
      Float32Array.from({ length: size }, (_, at) => at + 1),
      [size],
    );
    return x.mul(factors.reshape(x.shape.map((_, each) => (each === axis ? size : 1))));
  },
  copy: () => byChannel(name),
});

/** Takes the mean of a row off. */
const byRow = (): InputView => ({
  name: 'by-row',
  by: 'row',
  apply: (x, axis) => x.sub(x.mean([axis], { keepDims: true })),
  copy: () => byRow(),
});

const close = (a: Tensor, b: Tensor): void => {
  expect(a.shape).toEqual(b.shape);
  expect(a.sub(b).abs().max().itemSync()).toBeLessThan(1e-4 * (1 + b.abs().max().itemSync()));
};

const store = async (weight: Parameter): Promise<void> => {
  const [rows = 1, ...rest] = weight.shape;
  weight.store({ matrix: await encodeMatrix(weight.value.detach().reshape([rows, sizeOf(rest)]), int8) });
};

test('a linear layer multiplies what the views give, whatever axes lead, dense or stored', async () => {
  for (const shape of [[4], [3, 4], [2, 3, 4]]) {
    const layer = new Linear({ in: 4, out: 3 }, { generator: new Generator(1) });
    layer.weight.inputs.push(byChannel(), byRow());
    const x = randn(shape, { generator: new Generator(2) });
    const axis = shape.length - 1;
    const seen = byRow().apply(byChannel().apply(x, axis), axis);
    const wanted = (): Tensor => seen.matmul(layer.weight.value.t());
    close(layer.call(x), wanted());
    close(layer.weightInputs(x).reshape(shape), seen);
    await store(layer.weight);
    close(layer.call(x), wanted());
  }
});

test('a convolution sees channels of images, and rows as its windows lay them out, in all of its groups', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(1, 2),
      fc.constantFrom(0, 1),
      fc.constantFrom(1, 2),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      async (groups, padding, stride, row, bias, stored) => {
        const layer = new Conv2d({ in: 4, out: 6, kernel: [2, 3], groups, padding, stride, bias }, {});
        const plain = new Conv2d(layer.options, {});
        plain.load(layer.state());
        layer.weight.inputs.push(byChannel(), ...(row ? [byRow()] : []));
        const x = randn([2, 4, 5, 6], { generator: new Generator(3) });
        const y = layer.call(x);
        const windows = plain.weightInputs(byChannel().apply(x, 1));
        const rows = row ? byRow().apply(windows, 2) : windows;
        close(layer.weightInputs(x), rows);
        const [, n = 0, depth = 0] = rows.shape;
        const weights = plain.weight.value.reshape([groups, 6 / groups, depth]).permute([0, 2, 1]);
        const [batch = 0, , high = 0, wide = 0] = y.shape;
        const product = rows.matmul(weights).permute([1, 0, 2]).reshape([n, 6]);
        const sum = plain.bias ? product.add(plain.bias.value) : product;
        close(y, sum.reshape([batch, high, wide, 6]).permute([0, 3, 1, 2]));
        if (!stored) return;
        await store(plain.weight);
        await store(layer.weight);
        // As its values stand for it.
        const [own, dense] = [layer.call(x), plain.weight.value];
        const again = rows.matmul(dense.reshape([groups, 6 / groups, depth]).permute([0, 2, 1]));
        const added = again.permute([1, 0, 2]).reshape([n, 6]);
        const total = plain.bias ? added.add(plain.bias.value) : added;
        close(own, total.reshape([batch, high, wide, 6]).permute([0, 3, 1, 2]));
      },
    ),
    { numRuns: 25 },
  );
});

test('the last view is asked for the product with a stored weight, and for nothing with a dense one', async () => {
  const layer = new Linear({ in: 4, out: 3, bias: false });
  let asked = 0;
  const multiply: InputView['multiply'] = (x, matrix) => {
    asked++;
    return x.mul(2).matmul(matrix.t());
  };
  layer.weight.inputs.push(byChannel(), { ...byChannel('doubling'), apply: (x) => x.mul(2), multiply });
  const x = randn([5, 4], { generator: new Generator(1) });
  const wanted = byChannel().apply(x, 1).mul(2);
  close(layer.call(x), wanted.matmul(layer.weight.value.t()));
  expect(asked).toBe(0);
  await store(layer.weight);
  close(layer.call(x), wanted.matmul(layer.weight.value.t()));
  expect(asked).toBe(1);
});

test('layers made of linear ones have them too, and clones take them along', async () => {
  const attention = new SelfAttention({ width: 4, heads: 2 }, { generator: new Generator(1) });
  const x = randn([2, 3, 4], { generator: new Generator(2) });
  const before = attention.call(x);
  attention.query.weight.inputs.push(byChannel());
  const after = attention.call(x);
  expect(after.sub(before).abs().max().itemSync()).toBeGreaterThan(1e-3);
  const model = build({ type: 'sequential', layers: [{ type: 'linear', in: 4, out: 4 }] }, { seed: 1 });
  model.parameters()[0]?.inputs.push(byChannel());
  const clone = await cloneModel(model);
  expect(clone.parameters()[0]?.inputs.map(({ name }) => name)).toEqual(['by-channel']);
  expect(clone.call(x).arraySync()).toEqual(model.call(x).arraySync());
});

test('a file of plain values and a tie would lose them, and say so', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-input-view-'));
  const model = build({ type: 'linear', in: 4, out: 4 }, { seed: 1 });
  const [weight] = model.parameters() as [Parameter];
  weight.inputs.push(byChannel());
  await expect(saveModel(join(folder, 'm'), model)).rejects.toThrow(/cannot hold the views of weight \(by-channel\)/);
  const other = build({ type: 'linear', in: 4, out: 4 }, { seed: 2 });
  expect(() => weight.tie(other.parameters()[0] as Parameter)).toThrow(/has the views by-channel/);
  await rm(folder, { recursive: true, force: true });
});
