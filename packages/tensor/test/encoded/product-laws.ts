// What holds for products with matrices in every format, for numbers of all magnitudes, on any device.
import { createReferenceDevice, encodeMatrix, nOfM, tensor, type Device, type EncodedMatrix } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { elementsThere } from './elements-there.ts';
import {
  anyFactor,
  anyRoundedFactor,
  denseFactor,
  factorShape,
  factorValues,
  product,
  type Factor,
} from './factors.ts';
import { anyMatrix, encoded, formatCases, type DrawnMatrix } from './formats.ts';

const oracle = createReferenceDevice('oracle of encoded products');

const largest = (2 - 2 ** -23) * 2 ** 127;
const smallestNormal = 2 ** -126;

const spread =
  (...magnitudes: readonly number[]) =>
  (random: () => number): number =>
    (random() * 2 - 1) * (magnitudes[Math.floor(random() * magnitudes.length)] as number);

/** Where the elements of x lie. A kernel is the same for all of them: each is tried in every case. */
const fillings: Readonly<Record<string, (random: () => number) => number>> = {
  'about 1': spread(1),
  'about the largest number': (random) => (random() < 0.5 ? -1 : 1) * (random() < 0.2 ? largest : 3e38),
  'about the largest number, some': spread(3.4e38, 1e30, 1, 1e-20),
  'about the smallest normal number': spread(8 * smallestNormal),
  'below it': spread(smallestNormal),
};

/** Values of the matrix are this times what was drawn. */
const anyMagnitude = fc.constantFrom(1, 1, 1e-6, 1e6, 1e-30, 1e30, 1e-37);

/** How numbers below the smallest normal one are rounded. */
export type Underflow = 'gradual' | 'to zero';

/**
 * By how much a term may be wrong whatever its size. Where subnormal numbers count as 0: the term, the element of the matrix
 * or its scale, x, or all of a row of x that is rounded to codes.
 */
const floors: Readonly<Record<Underflow, (x: number, element: number) => number>> = {
  gradual: () => 2 ** -142,
  'to zero': (x, element) => smallestNormal * (1 + 512 * Math.abs(element) + 128 * Math.abs(x)),
};

/**
 * The law of products, for each format, in `runs` cases. Each is one kernel, which takes long to compile on some devices: it
 * meets x of every filling, and then what is not finite.
 */
export function productLaws(device: () => Promise<Device> | Device, runs: number, underflow: Underflow): void {
  const someFactor = underflow === 'gradual' ? anyRoundedFactor : anyFactor;
  test.each(Object.entries(formatCases))(
    'products with %s are those of the matrix it stands for: they overflow where those do, and infinities meet what is there and nothing else',
    async (_, anyFormat) => {
      await fc.assert(
        fc.asyncProperty(anyMatrix, anyMagnitude, anyFormat, someFactor, async (drawn, magnitude, format, factor) => {
          const on = await device();
          const scaled = { ...drawn, values: drawn.values.map((value) => value * magnitude) };
          using matrix = await encoded(scaled, format, on);
          using same = await encoded(scaled, format, oracle);
          const shape = factorShape(matrix, factor);
          const dense = (await same.toDense().data()) as Float32Array;
          const through = async (of: EncodedMatrix, values: Float32Array<ArrayBuffer>): Promise<Float32Array> => {
            const y = product(of, denseFactor(values, shape, factor, of.device), factor);
            return (await y.data()) as Float32Array;
          };
          for (const [name, filling] of Object.entries(fillings)) {
            const values = factorValues(...shape, factor, filling);
            const [actual, expected] = [await through(matrix, values), await through(same, values)];
            expect(actual.length).toBe(expected.length);
            const terms = termsOf(dense, matrix.shape, values, factor);
            for (const [index, value] of expected.entries()) {
              const { size, floor } = measure(terms, index, floors[underflow]);
              const found = actual[index] as number;
              const error = 2e-5 * size + floor;
              // A sum of such terms may overflow on its way; and one that overflows is known to be so large, give or take the error.
              const isRight = Number.isFinite(value)
                ? Math.abs(found - value) <= error || (size + error > largest && !Number.isFinite(found))
                : !(Math.abs(found) + error < largest);
              expect(isRight, `x ${name}: ${found} at ${index}, not ${value}, of terms of ${size} in all`).toBe(true);
            }
          }
          // Elements that count as 0 on one device and not on another make NaN of an infinity there.
          if (magnitude < 1e-20) return;
          const foreign = foreigners[factor.seed % foreigners.length] as (random: () => number) => number;
          const values = factorValues(...shape, factor, (random) => (random() < 0.1 ? foreign(random) : random()));
          const found = await through(matrix, values);
          const terms = termsOf(dense, matrix.shape, values, factor);
          const there = elementsThere(scaled, format);
          const wanted = Array.from(found, (_unused, index) => kindOf(plainSum(terms, index, there, factor)));
          expect(Array.from(found, kindOf)).toEqual(wanted);
        }),
        { numRuns: runs },
      );
    },
  );

  // Kernels take depths in blocks, and what is left over in ways of their own.
  test.each(Object.entries(formatCases))('deep products with %s are those of the reference', async (_, anyFormat) => {
    const anyDepth = fc.constantFrom(515, 770, 1030);
    await fc.assert(
      fc.asyncProperty(
        anyDepth,
        anyFormat,
        someFactor,
        fc.constantFrom(1, 3, 40),
        async (depth, format, drawn, count) => {
          const factor = { ...drawn, count };
          // A matrix on the left is the transpose of one on the right.
          const isTurned = factor.transposed !== (factor.side === 'right');
          const [rows, columns] = isTurned ? [9, depth] : [depth, 9];
          const matrixValues: DrawnMatrix = {
            shape: [rows, columns],
            values: factorValues(rows, columns, { seed: depth }),
          };
          using matrix = await encoded(matrixValues, format, await device());
          using same = await encoded(matrixValues, format, oracle);
          const values = factorValues(...factorShape(matrix, factor), factor);
          const [found, expected] = (await Promise.all(
            [matrix, same].map((of) =>
              product(of, denseFactor(values, factorShape(of, factor), factor, of.device), factor).data(),
            ),
          )) as [Float32Array, Float32Array];
          const terms = termsOf((await same.toDense().data()) as Float32Array, matrix.shape, values, factor);
          for (const [index, value] of expected.entries()) {
            const { size, floor } = measure(terms, index, floors[underflow]);
            expect(Math.abs((found[index] as number) - value)).toBeLessThanOrEqual(2e-5 * size + floor);
          }
        },
      ),
      { numRuns: runs },
    );
  });

  test.each(Object.entries(formatCases))(
    'an x of codes meets %s as the whole numbers that they are',
    async (_, anyFormat) => {
      await fc.assert(
        fc.asyncProperty(anyMatrix, anyFormat, anyFactor, async (drawn, format, factor) => {
          const on = await device();
          using matrix = await encoded(drawn, format, on);
          using same = await encoded(drawn, format, oracle);
          const shape = factorShape(matrix, factor);
          const values = factorValues(...shape, factor, (random) => Math.floor(random() * 256) - 128);
          const x = denseFactor(values, shape, factor, on).cast('i8');
          const found = (await product(matrix, x, factor).data()) as Float32Array;
          const dense = (await same.toDense().data()) as Float32Array;
          const terms = termsOf(dense, matrix.shape, values, factor);
          const there = elementsThere(drawn, format);
          for (const [index, value] of found.entries()) {
            const wanted = plainSum(terms, index, there, { ...factor, activations: 'f32' });
            const { size, floor } = measure(terms, index, floors[underflow]);
            expect(Math.abs(value - wanted)).toBeLessThanOrEqual(2e-5 * size + floor);
          }
        }),
        { numRuns: runs },
      );
    },
  );

  test.each([1, 64])('places that a last group has no columns for meet nothing, with %d rows of x', async (count) => {
    const on = await device();
    const dense = tensor([[1, 0, 2, 0, 3], [0, 0, 0, 0, -4], [1, 1, 0, 0, 0]], { device: on }); // prettier-ignore
    const x = tensor([[1, 1, 1, 1, Infinity]], { device: on }).expand([count, 5]);
    using matrix = await encodeMatrix(dense, nOfM, { n: 2, m: 4 });
    for (const row of (await x.matmul(matrix.t()).array()) as number[][])
      expect(row).toEqual([Infinity, -Infinity, NaN]);
  });
}

/** What is not finite in x: one kind of it, or infinities of both signs. */
const foreigners: readonly ((random: () => number) => number)[] = [
  () => Infinity,
  () => -Infinity,
  () => NaN,
  (random) => (random() < 0.5 ? Infinity : -Infinity),
];

const kindOf = (value: number): number | string => (Number.isFinite(value) ? 'finite' : value);

/** What is summed for each element of a product. */
interface Terms {
  readonly depth: number;
  readonly width: number;
  readonly x: (i: number, p: number) => number;
  readonly w: (p: number, j: number) => number;
  /** Which element of the matrix that is, row by row. */
  readonly element: (p: number, j: number) => number;
  /** The place of an element of the product: row of x, and column of the matrix or of its transpose. */
  readonly place: (index: number) => readonly [i: number, j: number];
}

function termsOf(
  dense: Float32Array,
  [rows, columns]: DrawnMatrix['shape'] | EncodedMatrix['shape'],
  values: Float32Array,
  { side, transposed, count }: Factor,
): Terms {
  // A matrix on the left is the transpose of one on the right.
  const turned = transposed !== (side === 'right');
  const [depth, width] = turned ? [columns, rows] : [rows, columns];
  const element = (p: number, j: number): number => (turned ? j * columns + p : p * columns + j);
  return {
    depth,
    width,
    x: (i, p) => values[side === 'left' ? i * depth + p : p * count + i] as number,
    w: (p, j) => dense[element(p, j)] as number,
    element,
    place: (index) =>
      side === 'left' ? [Math.floor(index / width), index % width] : [index % count, Math.floor(index / count)],
  };
}

/** Σ x · element in doubles, over what is there; of a row that is rounded to codes nothing is left if it is not finite. */
function plainSum(
  { depth, x, w, element, place }: Terms,
  index: number,
  there: readonly boolean[],
  { activations }: Factor,
): number {
  const [i, j] = place(index);
  const row = Array.from({ length: depth }, (_, p) => x(i, p));
  const together = { f32: 1, int8: depth, 'int8-groups': 32, 'int16-groups': 32 }[activations];
  const isLost = (p: number): boolean => {
    const first = p - (p % together);
    return activations !== 'f32' && !row.slice(first, first + together).every(Number.isFinite);
  };
  return row.reduce(
    (sum, value, p) => (there[element(p, j)] === true ? sum + (isLost(p) ? NaN : value) * w(p, j) : sum),
    0,
  );
}

/** Σ |x · element|, and by how much rounding towards 0 may change the sum. */
function measure(
  { depth, x, w, place }: Terms,
  index: number,
  floorOf: (x: number, element: number) => number,
): { readonly size: number; readonly floor: number } {
  const [i, j] = place(index);
  let [size, floor] = [0, 0];
  for (let p = 0; p < depth; p++) {
    const [left, element] = [x(i, p), w(p, j)];
    size += Math.abs(left * element);
    floor += floorOf(left, element);
  }
  return { size, floor };
}
