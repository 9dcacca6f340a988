// What holds for matrices in every format, on any device, beside products.
import { createReferenceDevice, gradients, tensor, type Device, type Tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyFactor, denseFactor, factorShape, factorValues, product } from './factors.ts';
import { anyMatrix, encoded, formatCases, randomNumbers, type DrawnMatrix, type FormatCase } from './formats.ts';

const oracle = createReferenceDevice('oracle of encoded matrices');

/** The laws, for each format; `runs` cases each. */
export function encodedLaws(device: () => Promise<Device> | Device, runs: number): void {
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
        { numRuns: Math.min(3, Math.ceil(runs / 3)) },
      );
    },
  );

  test.each(Object.entries(formatCases))(
    'the gradient of a product with %s is one with its transpose',
    async (_, anyFormat) => {
      await fc.assert(
        fc.asyncProperty(anyMatrix, anyFormat, anyFactor, async (drawn, format, factor) => {
          const [matrix, same] = [await encoded(drawn, format, await device()), await encoded(drawn, format, oracle)];
          const shape = [factor.count, matrix.shape[0]] as const;
          const values = factorValues(...shape, factor);
          const gradient = (multiply: (x: Tensor) => Tensor, on: Device): Promise<ArrayLike<number>> => {
            const x = denseFactor(values, shape, factor, on).requiresGradients();
            return gradients(multiply(x).square().sum(), [x])[0].data();
          };
          const actual = await gradient((x) => x.matmul(matrix), matrix.device);
          const wanted = Float32Array.from(await gradient((x) => x.matmul(same.toDense()), oracle));
          const most = wanted.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
          for (const [index, value] of wanted.entries())
            expect(Math.abs((actual[index] as number) - value)).toBeLessThanOrEqual(1e-4 * most);
          for (const each of [matrix, same]) each.dispose();
        }),
        { numRuns: Math.ceil(runs / 3) },
      );
    },
  );

  test.each(Object.entries(formatCases))(
    'the gradient of a product with %s is the same whatever x is, also where it is rounded or not finite',
    async (_, anyFormat) => {
      await fc.assert(
        fc.asyncProperty(anyMatrix, anyFormat, anyFactor, async (drawn, format, factor) => {
          const [matrix, same] = [await encoded(drawn, format, await device()), await encoded(drawn, format, oracle)];
          const shape = factorShape(matrix, factor);
          const foreign = [1, NaN, Infinity, -Infinity];
          const values = factorValues(...shape, factor, (random) => foreign[Math.floor(random() * 4)] as number);
          const x = denseFactor(values, shape, factor, matrix.device).requiresGradients();
          const y = product(matrix, x, factor);
          const weights = factorValues(...(y.shape as readonly [number, number]), factor);
          const actual = await gradients(y, [x], {
            gradOutput: tensor(weights, { device: y.device }).reshape(y.shape),
          })[0].data();
          const dense = (factor.transposed ? same.t() : same).toDense().t();
          const left = tensor(weights, { device: oracle }).reshape(y.shape);
          const wanted = Float32Array.from(
            await (factor.side === 'left' ? left.matmul(dense) : dense.matmul(left)).data(),
          );
          const most = wanted.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
          for (const [index, value] of wanted.entries())
            expect(Math.abs((actual[index] as number) - value)).toBeLessThanOrEqual(1e-4 * most);
          for (const each of [matrix, same]) each.dispose();
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
  // Scales in f16 have gradients in f16, which round.
  if (Object.keys(trained).length === 0) return [matrix.take(places)];
  const x = denseFactor(factorValues(2, 9, { seed: 5 }), [2, 9], { strided: false }, device);
  const loss = x.matmul(matrix.with(trained)).square().sum();
  return [matrix.take(places), ...gradients(loss, Object.values(trained))];
}
