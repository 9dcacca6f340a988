// Codes of few bits: what they round, what they take, and that products may compute from four bits as well.
import {
  dtypes,
  encodeMatrix,
  fromTyped,
  int4,
  intN,
  matrixFromArrays,
  type DType,
  type EncodedArray,
  type EncodedMatrix,
  type Encoding,
  type IntNOptions,
  type KernelForm,
  type MatrixShape,
} from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GroupedCodes } from '../../src/kernel/grouped-codes.ts';
import { anyMatrix, randomNumbers } from './formats.ts';

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

const anyStored = fc.record({
  bits: fc.integer({ min: 1, max: 8 }),
  group: fc.constantFrom(16, 32, 64, 128, 256),
  scales: fc.constantFrom('f32' as const, 'f16' as const, 'i8' as const, 'e8' as const),
  minima: fc.boolean(),
});

/** A matrix as files have them, of arrays that are drawn by a seed. */
function stored([rows, columns]: MatrixShape, own: Omit<GroupedCodes, 'zeros' | 'table'>, seed: number): EncodedMatrix {
  const random = randomNumbers(seed);
  const groups = Math.ceil(columns / own.group);
  const steps = Math.ceil((groups * own.group) / 256);
  const drawn = (dtype: DType, width: number, least: number, most: number): EncodedArray => {
    const { encode, view } = dtypes[dtype];
    const data = view(new ArrayBuffer(rows * width * dtypes[dtype].bytes), 0, rows * width);
    for (let at = 0; at < data.length; at++) data[at] = encode(least + random() * (most - least));
    return { dtype, shape: [rows, width], data };
  };
  const least = own.scales === 'i8' ? -127 : own.scales === 'e8' ? 126 : -1;
  const numbers = (): EncodedArray =>
    drawn(own.scales === 'e8' ? 'u8' : own.scales, groups, least, own.scales === 'e8' ? 130 : -least);
  const codes = drawn('u8', Math.ceil((columns * own.bits) / 8), 0, 256);
  const left = (columns * own.bits) % 8;
  const width = codes.shape[1] as number;
  // What is left of the last byte of a row is no code.
  if (left > 0)
    for (let at = width - 1; at < codes.data.length; at += width)
      codes.data[at] = (codes.data[at] as number) & (2 ** left - 1);
  const arrays = {
    codes,
    scales: numbers(),
    ...(own.minima && { minima: numbers() }),
    ...(own.scales === 'i8' && { steps: drawn('f16', steps, 0.001, 0.05) }),
    ...(own.scales === 'i8' && own.minima && { minimumSteps: drawn('f16', steps, 0.001, 0.05) }),
  };
  return matrixFromArrays(intN, [rows, columns], { settings: { ...own, zeros: false }, arrays });
}

test('products are those of the dense matrix, however many groups share a step of their scales', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyStored,
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 900 }),
      fc.integer({ min: 1, max: 12 }),
      fc.nat(1000),
      async (drawn, rows, columns, m, seed) => {
        const own = { ...drawn, minima: drawn.minima && (drawn.scales === 'f16' || drawn.scales === 'i8') };
        const matrix = stored([rows, columns], own, seed);
        const random = randomNumbers(seed + 1);
        const x = fromTyped(
          Float32Array.from({ length: m * columns }, () => random() - 0.5),
          [m, columns],
        );
        const wanted = await x.matmul(matrix.toDense().t()).data();
        // What a code, and a minimum, may come to: they may take each other off.
        const largest = (2 ** own.bits + 1) * { f32: 1, f16: 1, i8: 127 * 0.05, e8: 4 }[own.scales];
        for (const [activations, share] of [
          ['f32', 1e-5],
          ['int8-groups', 1e-2],
          ['int16-groups', 5e-5],
        ] as const) {
          const found = await x.matmul(matrix.t(), { activations }).data();
          for (const [at, value] of found.entries())
            expect(Math.abs(value - (wanted[at] as number))).toBeLessThanOrEqual(share * columns * 0.5 * largest);
        }
      },
    ),
    { examples: [[{ bits: 4, group: 128, scales: 'i8', minima: false }, 3, 512, 1, 7]] },
  );
});
