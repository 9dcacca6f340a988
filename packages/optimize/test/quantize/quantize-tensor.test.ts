import { build } from '@espalier/nn';
import { fromTyped, gradients, tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  dequantizeTensor,
  numberFormats,
  quantizationOf,
  quantize,
  quantizeTensor,
  runRecipe,
  setMask,
  setQuantization,
} from '../../src/index.ts';
import { at } from '../helpers/at.ts';

describe('quantizeTensor', () => {
  test('gives every element back within half its scale', async () => {
    const matrix = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 9 })).chain(([rows, columns]) =>
      fc
        .array(fc.float({ min: -1000, max: 1000, noNaN: true }), {
          minLength: rows * columns,
          maxLength: rows * columns,
        })
        .map((values) => fromTyped(Float32Array.from(values), [rows, columns])),
    );
    await fc.assert(
      fc.asyncProperty(matrix, fc.constantFrom('channel', 'tensor'), async (values, granularity) => {
        const quantized = await quantizeTensor(values, { granularity });
        expect(quantized.codes.dtype).toBe('i8');
        expect(quantized.scales.shape).toEqual([granularity === 'channel' ? values.shape[0] : 1]);
        const [was, is, scales] = [
          values.dataSync(),
          dequantizeTensor(quantized).dataSync(),
          quantized.scales.dataSync(),
        ];
        for (const [index, value] of is.entries()) {
          const scale = at(scales, Math.floor((index * scales.length) / is.length));
          expect(Math.abs(value - at(was, index))).toBeLessThanOrEqual((scale / 2) * 1.0001);
        }
      }),
    );
  });

  test('the largest numbers there are stay finite', async () => {
    const largest = (2 - 2 ** -23) * 2 ** 127;
    const rows = [largest, -largest, 1, largest, 1, 0, -largest, 1, 0].map(Math.fround);
    const given = fromTyped(Float32Array.from(rows), [3, 3]);
    for (const format of numberFormats)
      for (const type of ['min-max', 'mse'] as const) {
        const back = dequantizeTensor(await quantizeTensor(given, { format, observer: { type } }));
        expect(back.isFinite().all().itemSync(), `${format} ${type}`).toBe(1);
        const model = build({ type: 'linear', in: 3, out: 3 });
        model.parameters()[0]?.tensor.assign(given);
        const steps = [quantize({ weights: format, zeros: true, granularity: 'tensor', observer: { type } })];
        const { model: rounded } = await runRecipe(model, steps);
        expect(rounded.parameters()[0]?.value.isFinite().all().itemSync(), `${format} ${type}`).toBe(1);
      }
  });

  test('scalars and empty tensors', async () => {
    const scalar = await quantizeTensor(tensor(3), { granularity: 'tensor' });
    expect(dequantizeTensor(scalar).itemSync()).toBeCloseTo(3, 6);
    await expect(quantizeTensor(tensor(3))).rejects.toThrow(/a scalar has no channels/);
    expect(dequantizeTensor(await quantizeTensor(fromTyped(new Float32Array(0), [3, 0]))).shape).toEqual([3, 0]);
  });

  test('takes other float dtypes', async () => {
    const quantized = await quantizeTensor(
      tensor(
        [
          [1, -0.5],
          [4, 2],
        ],
        { dtype: 'f16' },
      ),
    );
    expect([...quantized.codes.dataSync()]).toEqual([127, -64, 127, 64]);
  });
});

describe('QuantizeView', () => {
  test('shows exactly what its codes stand for, after a mask, and passes gradients through where nothing is clamped', async () => {
    const model = build({ type: 'linear', in: 3, out: 2, bias: false }, { seed: 1 });
    const [weight] = model.parameters();
    if (!weight) throw new Error('no weight');
    weight.tensor.assign(
      tensor([
        [0.9, -3.4, 500],
        [10, 20, 30],
      ]),
    );
    setQuantization(weight, 'int8', Float32Array.of(1, 10));
    setMask(weight, Uint8Array.of(1, 1, 1, 1, 0, 1));
    expect(weight.views.map(({ name }) => name)).toEqual(['mask', 'fake-quantize']);
    expect([...(await weight.value.data())]).toEqual([1, -3, 127, 10, 0, 30]);
    const [gradient] = gradients(weight.value.mul(2).sum(), [weight.tensor]);
    expect([...(gradient?.dataSync() ?? [])]).toEqual([2, 2, 0, 2, 0, 2]);
    expect([...(quantizationOf(weight)?.encode(Float32Array.of(2.5, 0, 0, 0, 0, 1e9)) ?? [])]).toEqual([
      2, 0, 0, 0, 0, 127,
    ]);
  });
});
