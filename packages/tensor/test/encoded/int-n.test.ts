// Codes of few bits: what they round, what they take, and that products may compute from four bits as well.
import {
  encodeMatrix,
  fromTyped,
  int4,
  intN,
  matrixFromArrays,
  type Encoding,
  type IntNOptions,
  type KernelForm,
  type MatrixShape,
} from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyMatrix } from './formats.ts';

const anyOptions = fc.record({
  bits: fc.integer({ min: 1, max: 8 }),
  group: fc.constantFrom(16, 32, 128),
  zeros: fc.boolean(),
  scales: fc.constantFrom('f32' as const, 'f16' as const),
});

const scalesOf = async (matrix: Awaited<ReturnType<typeof encodeMatrix>>): Promise<readonly number[]> =>
  [...(await (matrix.arrays['scales'] as NonNullable<(typeof matrix.arrays)[string]>).cast('f32').data())].map(Number);

test('a value within reach is half a scale off at most, whatever the bits and whatever holds the scale', async () => {
  const tiny = { shape: [1, 4] as const, values: Float32Array.of(0, -0.0015264276880770922, 0, 2e-7) };
  await fc.assert(
    fc.asyncProperty(anyMatrix, anyOptions, async ({ shape, values }, drawn) => {
      // One bit without a zero point has no 0, and f16 does not reach every scale.
      const options: IntNOptions = { ...drawn, bits: drawn.zeros ? drawn.bits : Math.max(2, drawn.bits) };
      const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      fc.pre(drawn.scales === 'f32' || most < 3e4);
      const matrix = await encodeMatrix(fromTyped(values, [...shape]), intN, options);
      const [found, scales] = [await matrix.toDense().data(), await scalesOf(matrix)];
      const groups = Math.ceil(shape[1] / drawn.group);
      const half = 2 ** ((options.bits as number) - 1);
      for (const [index, value] of values.entries()) {
        const row = Math.floor(index / shape[1]);
        const scale = scales[row * groups + Math.floor((index % shape[1]) / drawn.group)] as number;
        // What lies past the last code is that code's.
        const reach = drawn.zeros ? Infinity : Math.abs(scale) * (half - 1);
        if (Math.abs(value) <= reach * (1 + 1e-6))
          expect(Math.abs((found[index] as number) - value)).toBeLessThanOrEqual(Math.abs(scale) * 0.5001);
      }
    }),
    { examples: [[tiny, { bits: 8, group: 16, zeros: true, scales: 'f16' }]] },
  );
});

test('signs have the scale that is nearest to all: their mean magnitude', async () => {
  const matrix = await encodeMatrix(fromTyped(Float32Array.of(1, -3, 2, -2), [1, 4]), intN, { bits: 1 });
  expect([...(await matrix.toDense().data())]).toEqual([2, -2, 2, -2]);
});

test('codes take their bits and no more, and scales in f16 half', async () => {
  const dense = fromTyped(
    new Float32Array(64 * 128).map((_, index) => Math.sin(index)),
    [64, 128],
  );
  for (const bits of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const wide = await encodeMatrix(dense, intN, { bits, group: 32 });
    expect(wide.bytes).toBe((64 * 128 * bits) / 8 + 64 * 4 * 4);
    expect((await encodeMatrix(dense, intN, { bits, group: 32, scales: 'f16' })).bytes).toBe(wide.bytes - 64 * 4 * 2);
  }
});

test('four bits mean what int4 means', async () => {
  await fc.assert(
    fc.asyncProperty(anyMatrix, anyOptions, async ({ shape, values }, { group, zeros }) => {
      const dense = fromTyped(values, shape);
      const found = await encodeMatrix(dense, intN, { bits: 4, group, zeros });
      expect(await found.toDense().data()).toEqual(
        await (await encodeMatrix(dense, int4, { group, zeros })).toDense().data(),
      );
    }),
    { numRuns: 40 },
  );
});

test('up to four bits have the same values in int4, and come back from there as they were', async () => {
  const { to, from } = intN.kernelForm as KernelForm;
  await fc.assert(
    fc.asyncProperty(anyMatrix, anyOptions, async (drawn, options) => {
      const shape: MatrixShape = [...drawn.shape];
      const encoding: Encoding = intN.encode(drawn.values, shape, options);
      const four = to(encoding, shape);
      expect(four === undefined).toBe(options.bits > 4);
      if (!four) return;
      const same = matrixFromArrays(int4, shape, four);
      expect(await same.toDense().data()).toEqual(await matrixFromArrays(intN, shape, encoding).toDense().data());
      expect(from(four, encoding.settings, shape)).toEqual(encoding);
    }),
  );
});
