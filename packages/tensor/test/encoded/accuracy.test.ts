// How exact products with encoded matrices are where magnitudes lie far apart.
import { cpu, createReferenceDevice, fromTyped, int4 } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encoded, formatCases, randomNumbers, type DrawnMatrix, type FormatCase } from './formats.ts';

const oracle = createReferenceDevice('oracle of accuracy');

/** Elements whose magnitudes lie far apart, in the proportions of a row. */
const anyMagnitudes = fc.constantFrom<readonly number[]>(
  [1e30, 1e-20],
  [1e30, 1, 1e-20],
  [1, 1, 1, 1, 1, 1, 1, 2 ** -13, 2 ** -15, 2 ** -17, 2 ** -25],
  [1, 1e-40],
  [1e-38],
  [3e38 / 1000],
  [0, 0, 0, 1],
);

const anyRecord = {
  rows: fc.integer({ min: 1, max: 40 }),
  columns: fc.oneof(fc.integer({ min: 1, max: 80 }), fc.constantFrom(255, 256, 264, 300, 1030, 2056)),
  count: fc.constantFrom(1, 2, 4, 9, 17),
  magnitudes: anyMagnitudes,
  oneHot: fc.boolean(),
  transposed: fc.boolean(),
  seed: fc.nat({ max: 2 ** 30 }),
};
const anyCase = fc.record(anyRecord);
const anyForeign = fc.constantFrom(NaN, Infinity, -Infinity);
type Drawn = typeof anyCase extends fc.Arbitrary<infer T> ? T : never;

/** Groups of codes of 4 bits that fill rows, four by four or not, and some that do not. */
const anyGroups = fc
  .record({
    group: fc.constantFrom(16, 32, 64, 128),
    groups: fc.oneof(
      { arbitrary: fc.integer({ min: 1, max: 9 }), weight: 5 },
      { arbitrary: fc.constantFrom(4, 8, 12), weight: 5 },
      { arbitrary: fc.constant(260), weight: 1 },
    ),
    more: fc.constantFrom(0, 0, 0, 1, 33),
    zeros: fc.boolean(),
  })
  .map(({ group, groups, more, zeros }) => ({
    columns: group * groups + more,
    format: { format: int4 as unknown as FormatCase['format'], options: { group, zeros } },
  }));

/** A matrix with one element in some of its rows, and small ones beside large ones in others. */
function matrixOf(
  { rows, columns, oneHot }: Pick<Drawn, 'rows' | 'columns' | 'oneHot'>,
  random: () => number,
): DrawnMatrix {
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const only = oneHot && random() < 0.7 ? Math.floor(random() * columns) : -1;
    for (let column = 0; column < columns; column++)
      values[row * columns + column] =
        only < 0 || column === only ? (random() - 0.5) * 2 ** -Math.floor(random() * 6) : 0;
  }
  return { shape: [rows, columns], values };
}

test.each(Object.entries(formatCases))('sums of %s are as exact as those of dense products', async (_, anyFormat) => {
  await fc.assert(fc.asyncProperty(anyCase, anyFormat, expectExact), { numRuns: 30 });
});

test('sums of int4 are as exact as those of dense products, however groups lie in rows', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ ...anyRecord, transposed: fc.constant(false) }),
      anyGroups,
      (drawn, { columns, format }) => expectExact({ ...drawn, columns }, format),
    ),
    { numRuns: 100 },
  );
});

/** Each element of a product is right but for a share of its terms. */
async function expectExact(drawn: Drawn, format: FormatCase): Promise<void> {
  const random = randomNumbers(drawn.seed);
  const matrix = await encoded(matrixOf(drawn, random), format, cpu());
  const dense = await matrix.toDense().data();
  const [rows, columns] = matrix.shape;
  const depth = drawn.transposed ? rows : columns;
  const x = Float32Array.from({ length: drawn.count * depth }, () => {
    const magnitude = drawn.magnitudes[Math.floor(random() * drawn.magnitudes.length)] ?? 1;
    return (random() * 2 - 1) * magnitude;
  });
  const factor = fromTyped(x, [drawn.count, depth]);
  const y = await factor.matmul(drawn.transposed ? matrix : matrix.t()).data();
  const width = y.length / drawn.count;
  for (const [index, value] of y.entries()) {
    const [i, j] = [Math.floor(index / width), index % width];
    let [sum, size] = [0, 0];
    for (let p = 0; p < depth; p++) {
      const weight = dense[drawn.transposed ? p * columns + j : j * columns + p] as number;
      const term = (x[i * depth + p] as number) * weight;
      sum += term;
      size += Math.abs(term);
    }
    // Products below the smallest normal number round absolutely, those that codes of 8 bits multiply too.
    expect(Math.abs(value - sum)).toBeLessThanOrEqual(520 * 2 ** -24 * size + depth * 2 ** -142);
  }
  matrix.dispose();
}

test.each(Object.entries(formatCases))(
  'what is not finite goes through %s as through the reference',
  async (_, anyFormat) => {
    await fc.assert(fc.asyncProperty(anyCase, anyFormat, anyForeign, expectSameKinds), { numRuns: 20 });
  },
);

test('what is not finite goes through int4 as through the reference, however groups lie in rows', async () => {
  await fc.assert(
    fc.asyncProperty(anyCase, anyGroups, anyForeign, (drawn, { columns, format }, foreign) =>
      expectSameKinds({ ...drawn, columns }, format, foreign),
    ),
    { numRuns: 40 },
  );
});

/** Elements of a product with a row of x that is not finite are what they are on the reference device. */
async function expectSameKinds(drawn: Drawn, format: FormatCase, foreign: number): Promise<void> {
  const random = randomNumbers(drawn.seed);
  const values = matrixOf(drawn, random);
  const depth = values.shape[drawn.transposed ? 0 : 1];
  const x = Float32Array.from({ length: drawn.count * depth }, () => (random() < 2 / depth ? foreign : random()));
  const [own, wanted] = await Promise.all(
    [cpu(), oracle].map(async (device) => {
      const matrix = await encoded(values, format, device);
      const y = fromTyped(x, [drawn.count, depth], { device }).matmul(drawn.transposed ? matrix : matrix.t());
      return y.data();
    }),
  );
  const kind = (value: number): number | string => (Number.isFinite(value) ? 'finite' : value);
  expect(Array.from(own as Float32Array, kind)).toEqual(Array.from(wanted as Float32Array, kind));
}
