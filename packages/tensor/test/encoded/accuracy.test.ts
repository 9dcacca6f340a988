// How exact products with encoded matrices are where magnitudes lie far apart.
import { cpu, createReferenceDevice, fromTyped, int4, int8, intN } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encoded, formatCases, randomNumbers, type DrawnMatrix, type FormatCase } from './formats.ts';

const oracle = createReferenceDevice('oracle of accuracy');

/** Elements whose magnitudes lie far apart, in the proportions of a row. */
const anyMagnitudes = fc.constantFrom<readonly number[]>(
  [1e30, 1e-20],
  [1e30, 1, 1e-20],
  [1, 1, 1, 1, 1, 1, 1, 2 ** -13, 2 ** -15, 2 ** -17, 2 ** -25],
  [...Array.from({ length: 50 }, () => 1), 2 ** -20],
  [1, 1e-40],
  [1e-38],
  [3e38 / 1000],
  [0, 0, 0, 1],
);

const anyCase = fc.record({
  rows: fc.integer({ min: 1, max: 40 }),
  columns: fc.oneof(fc.integer({ min: 1, max: 80 }), fc.constantFrom(255, 256, 264, 300, 1030, 2056)),
  count: fc.constantFrom(1, 2, 4, 9, 17),
  magnitudes: anyMagnitudes,
  oneHot: fc.boolean(),
  transposed: fc.boolean(),
  seed: fc.nat({ max: 2 ** 30 }),
});
const anyForeign = fc.constantFrom(NaN, Infinity, -Infinity);
type Drawn = typeof anyCase extends fc.Arbitrary<infer T> ? T : never;

const fewRows = fc.constantFrom(1 as const, 2 as const, 4 as const);

/** Shapes for which there are kernels of their own, by format. */
const shaped: Readonly<Record<string, fc.Arbitrary<Partial<Drawn> & { readonly format: FormatCase }>>> = {
  'int4, however groups lie in rows': fc
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
      transposed: false,
      format: { format: int4 as unknown as FormatCase['format'], options: { group, zeros } },
    })),
  'intN, however groups lie in rows': fc
    .record({
      bits: fc.integer({ min: 1, max: 8 }),
      group: fc.constantFrom(16, 32, 64, 128),
      groups: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(18, 48)),
      more: fc.constantFrom(0, 0, 0, 1, 3),
      from: fc.constantFrom({ zeros: true }, { minima: true }, { scales: 'f16' as const }, {}),
    })
    .map(({ bits, group, groups, more, from }) => ({
      columns: group * groups + more,
      transposed: false,
      format: { format: intN as unknown as FormatCase['format'], options: { bits, group, ...from } },
    })),
  'int8, of which whole rows are added': fc
    .record({
      rows: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 30, max: 70 })),
      columns: fc.integer({ min: 1, max: 5 }),
      count: fewRows,
      scales: fc.constantFrom('row', 'matrix'),
    })
    .map(({ rows, columns, count, scales }) => ({
      rows: rows * 8,
      columns: columns * 8,
      count,
      oneHot: true,
      transposed: true,
      format: { format: int8 as unknown as FormatCase['format'], options: { scales } },
    })),
};

/** A matrix with one element in some of what a product adds up, and small ones beside large ones in others. */
function matrixOf(
  { rows, columns, oneHot, transposed }: Pick<Drawn, 'rows' | 'columns' | 'oneHot' | 'transposed'>,
  random: () => number,
): DrawnMatrix {
  const values = new Float32Array(rows * columns);
  const [width, depth] = transposed ? [columns, rows] : [rows, columns];
  for (let sum = 0; sum < width; sum++) {
    const only = oneHot && random() < 0.7 ? Math.floor(random() * depth) : -1;
    for (let term = 0; term < depth; term++)
      values[transposed ? term * columns + sum : sum * columns + term] =
        only < 0 || term === only ? (random() - 0.5) * 2 ** -Math.floor(random() * 6) : 0;
  }
  return { shape: [rows, columns], values };
}

test.each(Object.entries(formatCases))('sums of %s are as exact as those of dense products', async (_, anyFormat) => {
  await fc.assert(
    fc.asyncProperty(anyCase, anyFormat, (drawn, format) => expectExact(drawn, format)),
    { numRuns: 30 },
  );
});

test.each(Object.entries(shaped))('sums of %s, are as exact as those of dense products', async (_, anyShape) => {
  await fc.assert(
    fc.asyncProperty(anyCase, anyShape, (drawn, { format, ...shape }) => expectExact({ ...drawn, ...shape }, format)),
    { numRuns: 100 },
  );
});

/** Few rows of x meet codes as whole numbers of 31 bits: only where elements lie far apart is more lost than by adding up. */
test.each(Object.entries(shaped))('sums of %s, lose little of elements of one magnitude', async (_, anyShape) => {
  await fc.assert(
    fc.asyncProperty(anyCase, anyShape, fewRows, (drawn, { format, ...shape }, count) =>
      expectExact({ ...drawn, ...shape, count, oneHot: false, magnitudes: [1] }, format, {
        ofTerms: 100 * 2 ** -24,
        ofLargest: 2 ** -30,
      }),
    ),
    { numRuns: 40 },
  );
});

/** How much a sum may lose: a share of its terms, and of the largest elements of both factors for each of them. */
interface Loss {
  readonly ofTerms: number;
  readonly ofLargest: number;
}

/** Each element of a product is right but for some loss. */
async function expectExact(
  drawn: Drawn,
  format: FormatCase,
  { ofTerms, ofLargest }: Loss = { ofTerms: 520 * 2 ** -24, ofLargest: 0 },
): Promise<void> {
  const random = randomNumbers(drawn.seed);
  const matrix = await encoded(matrixOf(drawn, random), format, cpu());
  const dense = await matrix.toDense().data();
  const [rows, columns] = matrix.shape;
  const depth = drawn.transposed ? rows : columns;
  const x = Float32Array.from({ length: drawn.count * depth }, () => {
    const magnitude = drawn.magnitudes[Math.floor(random() * drawn.magnitudes.length)] ?? 1;
    return (random() * 2 - 1) * magnitude;
  });
  const [largest, heaviest] = [x, dense as Float32Array].map((all) =>
    all.reduce((most, each) => Math.max(most, Math.abs(each)), 0),
  ) as [number, number];
  const factor = fromTyped(x, [drawn.count, depth]);
  const y = await factor.matmul(drawn.transposed ? matrix : matrix.t()).data();
  const width = y.length / drawn.count;
  for (const [index, value] of y.entries()) {
    const [i, j] = [Math.floor(index / width), index % width];
    let [sum, size, weights] = [0, 0, 0];
    for (let p = 0; p < depth; p++) {
      const weight = dense[drawn.transposed ? p * columns + j : j * columns + p] as number;
      const term = (x[i * depth + p] as number) * weight;
      sum += term;
      size += Math.abs(term);
      if (weight !== 0) weights += heaviest;
    }
    // Products below the smallest normal number round absolutely, those that codes of 8 bits multiply too.
    expect(Math.abs(value - sum)).toBeLessThanOrEqual(
      ofTerms * size + ofLargest * weights * largest + depth * 2 ** -142,
    );
  }
  matrix.dispose();
}

test.each(Object.entries(formatCases))(
  'what is not finite goes through %s as through the reference',
  async (_, anyFormat) => {
    await fc.assert(fc.asyncProperty(anyCase, anyFormat, anyForeign, expectSameKinds), { numRuns: 20 });
  },
);

test.each(Object.entries(shaped))(
  'what is not finite goes through %s, as through the reference',
  async (_, anyShape) => {
    await fc.assert(
      fc.asyncProperty(anyCase, anyShape, anyForeign, (drawn, { format, ...shape }, foreign) =>
        expectSameKinds({ ...drawn, ...shape }, format, foreign),
      ),
      { numRuns: 40 },
    );
  },
);

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
