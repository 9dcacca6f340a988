// What holds for matrices in every format, on any device.
import {
  createReferenceDevice,
  fromTyped,
  gradients,
  tensor,
  type Device,
  type EncodedMatrix,
  type Tensor,
} from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyMatrix, encoded, formatCases, randomNumbers, type DrawnMatrix, type FormatCase } from './formats.ts';

const oracle = createReferenceDevice('oracle of encoded matrices');

/** Where a dense factor stands, and as what it lies in memory. */
const anyFactor = fc.record({
  side: fc.constantFrom('left', 'right' as const),
  transposed: fc.boolean(),
  /** Rows of the dense factor on the left, columns on the right. */
  count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(8, 17, 33, 64)),
  strided: fc.boolean(),
  activations: fc.constantFrom('f32' as const, 'int8' as const),
  seed: fc.nat({ max: 2 ** 30 }),
});
type Factor = typeof anyFactor extends fc.Arbitrary<infer T> ? T : never;

/** A dense [rows, columns] on a device, contiguous or as the transpose of what is. */
function denseFactor(
  rows: number,
  columns: number,
  { strided, seed }: Pick<Factor, 'strided' | 'seed'>,
  device: Device,
): Tensor {
  const random = randomNumbers(seed);
  const values = Float32Array.from({ length: rows * columns }, () => (random() < 0.1 ? 0 : random() * 2 - 1));
  return strided ? fromTyped(values, [columns, rows], { device }).t() : fromTyped(values, [rows, columns], { device });
}

function product(matrix: EncodedMatrix, factor: Factor, device: Device): { readonly x: Tensor; readonly y: Tensor } {
  const w = factor.transposed ? matrix.t() : matrix;
  const [rows, columns] = w.shape;
  const { count, activations } = factor;
  if (factor.side === 'left') {
    const x = denseFactor(count, rows, factor, device);
    return { x, y: w.after(x, { activations }) };
  }
  const x = denseFactor(columns, count, factor, device);
  return { x, y: w.matmul(x, { activations }) };
}

/** The laws, for each format; `runs` cases each. */
export function encodedLaws(device: () => Promise<Device> | Device, runs: number): void {
  test.each(Object.entries(formatCases))(
    'products with %s are those of the matrix it stands for',
    async (_, anyFormat) => {
      await fc.assert(
        fc.asyncProperty(anyMatrix, anyFormat, anyFactor, async (drawn, format, factor) => {
          const [on, reference] = [await device(), oracle];
          const [matrix, same] = [await encoded(drawn, format, on), await encoded(drawn, format, reference)];
          const { y } = product(matrix, factor, on);
          const expected = product(same, factor, reference);
          const [actual, wanted] = [await y.data(), await expected.y.data()];
          expect(y.shape).toEqual(expected.y.shape);
          const size = await magnitudes(same, factor, reference);
          for (const [index, value] of wanted.entries())
            expect(Math.abs((actual[index] as number) - value)).toBeLessThanOrEqual(
              2e-5 * (size[index] as number) + Number.MIN_VALUE,
            );
          for (const each of [matrix, same]) each.dispose();
        }),
        { numRuns: runs },
      );
    },
  );

  test.each(Object.entries(formatCases))(
    'the dense matrix of %s is as on the reference device',
    async (_, anyFormat) => {
      await fc.assert(
        fc.asyncProperty(anyMatrix, anyFormat, async (drawn, format) => {
          const matrix = await encoded(drawn, format, await device());
          const same = await encoded(drawn, format, oracle);
          const dense = matrix.toDense();
          expect(dense.shape).toEqual(drawn.shape);
          expect(await dense.data()).toEqual(await same.toDense().data());
          expect(await matrix.t().toDense().data()).toEqual(await dense.t().data());
        }),
        { numRuns: Math.ceil(runs / 3) },
      );
    },
  );

  test.each(Object.entries(formatCases))(
    'rows of %s, and gradients towards its arrays, are as on the reference device',
    async (_, anyFormat) => {
      const random = randomNumbers(3);
      const values = Float32Array.from({ length: 9 * 37 }, () => (random() < 0.3 ? 0 : random() - 0.5));
      await fc.assert(
        fc.asyncProperty(anyFormat, async (format) => {
          const drawn: DrawnMatrix = { shape: [9, 37], values };
          const wanted = await readings(drawn, format, oracle);
          for (const [index, found] of (await readings(drawn, format, await device())).entries()) {
            const expected = (await wanted[index]?.data()) as Float32Array;
            const most = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
            for (const [at, value] of (await found.data()).entries())
              expect(Math.abs(value - (expected[at] as number))).toBeLessThanOrEqual(1e-5 * most);
          }
        }),
        { numRuns: 3 },
      );
    },
  );

  test.each(Object.entries(formatCases))(
    'the gradient of a product with %s is one with its transpose',
    async (_, anyFormat) => {
      await fc.assert(
        fc.asyncProperty(anyMatrix, anyFormat, anyFactor, async (drawn, format, factor) => {
          const on = await device();
          const matrix = await encoded(drawn, format, on);
          const [rows] = matrix.shape;
          const x = denseFactor(factor.count, rows, factor, on).requiresGradients();
          const [dense] = gradients(x.matmul(matrix.toDense()).square().sum(), [x]);
          const [own] = gradients(x.matmul(matrix).square().sum(), [x]);
          const actual = await own.data();
          const wanted = (await dense.data()) as Float32Array;
          const most = wanted.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
          for (const [index, value] of wanted.entries())
            expect(Math.abs((actual[index] as number) - value)).toBeLessThanOrEqual(1e-4 * most);
        }),
        { numRuns: Math.ceil(runs / 3) },
      );
    },
  );
}

/** Rows that are there and rows that are not, and what trains the arrays of floats: all that is read of a matrix beside products. */
async function readings(drawn: DrawnMatrix, format: FormatCase, device: Device): Promise<Tensor[]> {
  const matrix = await encoded(drawn, format, device);
  const places = tensor([0, 2, 9], { dtype: 'i32', device }).mul(2);
  const trained = Object.fromEntries(
    Object.entries(matrix.arrays)
      .filter(([, { dtype }]) => dtype === 'f32')
      .map(([name, array]) => [name, array.requiresGradients()]),
  );
  const x = denseFactor(2, 9, { strided: false, seed: 5 }, device);
  const loss = x.matmul(matrix.with(trained)).square().sum();
  return [matrix.take(places), ...gradients(loss, Object.values(trained))];
}

/** Σ |x| · |w| for each element of a product: what its error is measured by. */
async function magnitudes(matrix: EncodedMatrix, factor: Factor, device: Device): Promise<Float32Array> {
  const w = (factor.transposed ? matrix.t() : matrix).toDense().abs();
  const [rows, columns] = w.shape as [number, number];
  const size =
    factor.side === 'left'
      ? denseFactor(factor.count, rows, factor, device).abs().matmul(w)
      : w.matmul(denseFactor(columns, factor.count, factor, device).abs());
  return (await size.data()) as Float32Array;
}
