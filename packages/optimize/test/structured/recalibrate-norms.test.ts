/** The moments of batch norms, measured anew. */
import { build, tensorDataset, type Dataset, type Module, type ModuleConfig } from '@espalier/nn';
import { full, Generator, randn, zeros, type Tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { recalibrateNorms } from '../../src/index.ts';

const config: ModuleConfig = {
  type: 'sequential',
  layers: [
    { type: 'batch-norm', features: 3, affine: false },
    { type: 'linear', in: 3, out: 3 },
  ],
};
const examples = (count: number, seed = 1): Tensor =>
  randn([count, 3], { generator: new Generator(seed) })
    .mul(4)
    .add(7)
    .realizeSync();
const dataOf = (x: Tensor): Dataset => tensorDataset(x, zeros([x.shape[0] as number]));

/** A model whose moments were those of something else. */
function stale(of: ModuleConfig = config): Module {
  const model = build(of, { seed: 1 });
  for (const [name, buffer] of model.namedBuffers())
    buffer.assign(full(buffer.shape, name.endsWith('var') ? 1e6 : -50).realizeSync());
  return model;
}

const moments = (model: Module): number[][] => [...model.namedBuffers().values()].map((each) => [...each.dataSync()]);
const plain = (x: Tensor): number[][] => {
  const count = x.shape[0] as number;
  const variance = x
    .sub(x.mean([0]))
    .square()
    .sum([0]);
  return [[...x.mean([0]).dataSync()], [...variance.div(count - 1).dataSync()]];
};
const expectClose = (found: number[][], wanted: number[][]): void => {
  for (const [row, each] of wanted.entries())
    for (const [at, value] of each.entries()) expect((found[row]?.[at] as number) / value).toBeCloseTo(1, 4);
};

describe('recalibrateNorms', () => {
  test.each([2, 5, 64])('gives the moments of %d examples of one batch, whatever they were', async (count) => {
    const [model, x] = [stale(), examples(count)];
    expect(await recalibrateNorms(model, dataOf(x))).toBe(1);
    expectClose(moments(model), plain(x));
  });

  test('gives the mean of the moments of batches, each from all over the data', async () => {
    const [model, x] = [stale(), examples(10)];
    await recalibrateNorms(model, dataOf(x), { batchSize: 5 });
    const [even, odd] = [0, 1].map((first) => plain(x.reshape([5, 2, 3]).narrow(1, first, 1).reshape([5, 3])));
    expectClose(moments(model), (even as number[][]).map((row, at) => row.map((each, column) => (each + (odd?.[at]?.[column] as number)) / 2))); // prettier-ignore
  });

  test('of a norm that is called twice gives the moments that both calls saw', async () => {
    const twice = { type: 'sequential', layers: [config, { type: 'same', as: 'layers[0].layers[0]' }] };
    const [model, x] = [stale(twice), examples(50)];
    await recalibrateNorms(model, dataOf(x));
    const found = moments(model);
    const [norm, linear] = [...(model.children().get('0') as Module).children().values()] as [Module, Module];
    norm.setTraining(true);
    const [own, other] = [plain(x), plain(linear.call(norm.call(x)).realizeSync())];
    // Of the running moment the later of two calls has the larger share.
    const shares = [0.9 / 1.9, 1 / 1.9] as const;
    expectClose(found, own.map((row, at) => row.map((each, column) => shares[0] * each + shares[1] * (other[at]?.[column] as number)))); // prettier-ignore
  });

  test('leaves the moments as they are where nothing was seen of them, or data fail', async () => {
    const model = stale();
    const before = moments(model);
    expect(await recalibrateNorms(model, dataOf(examples(1)))).toBe(0);
    const failing = { ...dataOf(examples(4)), batch: () => Promise.reject(new Error('a disk is full')) };
    await expect(recalibrateNorms(model, failing)).rejects.toThrow('a disk is full');
    expect(moments(model)).toEqual(before);
  });
});
