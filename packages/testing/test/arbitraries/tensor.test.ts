import { createReferenceDevice } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyTensor, anyView, TensorSample } from '@espalier/testing';

const device = createReferenceDevice('samples');

test('a tensor made from a sample has its dtype, shape and content, however it is stored', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyTensor({ shape: { minSize: 0, maxElements: 60 }, elements: { special: true } }),
      async (sample) => {
        using made = sample.toTensor(device);
        expect(made.dtype).toBe(sample.dtype);
        expect(made.shape).toEqual(sample.shape);
        expect(Array.from(await made.data())).toEqual(sample.values);
      },
    ),
  );
});

test('views are drawn in every way of storing', () => {
  const words = fc.sample(anyView(), { numRuns: 200, seed: 1 }).join('\n');
  for (const way of ['sliced from', 'stepped by', 'flipped', 'axis order', 'expanded']) expect(words).toContain(way);
});

test('samples shrink to contiguous zeros of few dimensions', () => {
  const fails = fc.property(anyTensor({ shape: { minRank: 1 } }), (sample) => sample.values.length < 3);
  const [smallest] = fc.check(fails, { seed: 1, numRuns: 200 }).counterexample ?? [];
  expect(smallest?.toString()).toBe('f32[3] = [0, 0, 0]');
});

test('a sample prints on one line', () => {
  expect(String(new TensorSample('f32', [2], [-0, Number.NaN]))).toBe('f32[2] = [-0, NaN]');
});
