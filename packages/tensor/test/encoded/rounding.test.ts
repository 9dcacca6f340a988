// What each format keeps of a matrix, and what it rounds.
import {
  ArgumentError,
  bitmask,
  blockSparse,
  codebook,
  createReferenceDevice,
  csr,
  encodeMatrix,
  fromTyped,
  int4,
  intN,
  int8,
  matrixFromArrays,
  nOfM,
  type Encoding,
  type MatrixFormat,
  type MatrixShape,
} from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyMatrix, formatCases, type DrawnMatrix } from './formats.ts';

const runs = { numRuns: 25 };

/** The values that an encoding stands for. */
function decoded(format: MatrixFormat<never>, encoding: Encoding, shape: MatrixShape): Float32Array {
  using matrix = matrixFromArrays(format, shape, encoding);
  return matrix.toDense().dataSync() as Float32Array;
}

/** Encodes and decodes. */
function through<Options extends object>(
  { values, shape }: DrawnMatrix,
  format: MatrixFormat<Options>,
  options: Options,
): { readonly encoding: Encoding; readonly found: Float32Array } {
  const encoding = format.encode(values, shape, options);
  return { encoding, found: decoded(format as unknown as MatrixFormat<never>, encoding, shape) };
}

const data = (encoding: Encoding, name: string): ArrayLike<number> => encoding.arrays[name]?.data ?? [];
const squared = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, index) => sum + (value - (b[index] as number)) ** 2, 0);

/** Finite values from one end of f32 to the other, and around 0. */
const anyExtremes: fc.Arbitrary<DrawnMatrix> = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 40 }))
  .chain(([rows, columns]) =>
    fc
      .array(
        fc.oneof(
          fc.float({ noNaN: true, noDefaultInfinity: true }),
          fc.constantFrom(3.4028234663852886e38, -3.4028234663852886e38, 2 ** -149, -(2 ** -149), 2 ** -126, 0, -0, 1),
          fc.integer({ min: -200, max: 200 }).map((steps) => steps * 2 ** -149),
        ),
        { minLength: rows * columns, maxLength: rows * columns },
      )
      .map((values) => ({ shape: [rows, columns], values: Float32Array.from(values) })),
  );
const anyValues = fc.oneof(anyMatrix, anyExtremes);

test('a value of int8 is half a scale off at most, and what has the largest magnitude no more than rounding', () => {
  fc.assert(
    fc.property(anyValues, fc.constantFrom('row' as const, 'matrix' as const), (drawn, scales) => {
      const { encoding, found } = through(drawn, int8, { scales });
      for (const [index, value] of drawn.values.entries()) {
        const scale = data(encoding, 'scales')[scales === 'row' ? Math.floor(index / drawn.shape[1]) : 0] as number;
        expect(Math.abs((found[index] as number) - value)).toBeLessThanOrEqual((scale / 2) * (1 + 1e-4));
      }
    }),
    runs,
  );
});

describe('int4', () => {
  const anyGroup = fc.constantFrom(16, 32, 64);

  /** The grid that stands for a value. */
  function gridOf(encoding: Encoding, [, columns]: MatrixShape, group: number, index: number): [number, number] {
    const groups = Math.ceil(columns / group);
    const place = Math.floor(index / columns) * groups + Math.floor((index % columns) / group);
    return [data(encoding, 'scales')[place] as number, data(encoding, 'zeros')[place] ?? 8];
  }

  test.each([false, true])('with zero points %s: a value within reach is half a scale off at most', (zeros) => {
    fc.assert(
      fc.property(anyValues, anyGroup, (drawn, group) => {
        const { encoding, found } = through(drawn, int4, { group, zeros });
        for (const [index, value] of drawn.values.entries()) {
          const [scale, zero] = gridOf(encoding, drawn.shape, group, index);
          const steps = value / scale + zero;
          const most = steps >= -0.5 && steps <= 15.5 ? 0.5 : 1;
          expect(Math.abs((found[index] as number) - value) / Math.abs(scale)).toBeLessThanOrEqual(most + 1e-4);
        }
      }),
      runs,
    );
  });

  test('without zero points a group is as near as either scale makes it', () => {
    fc.assert(
      fc.property(anyMatrix, ({ values, shape: [, columns] }) => {
        const row: DrawnMatrix = { values: values.slice(0, Math.min(columns, 32)), shape: [1, Math.min(columns, 32)] };
        const { found } = through(row, int4, {});
        const extreme = row.values.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
        const errors = [Math.abs(extreme) / 7, extreme / -8].map((exact) => {
          const scale = Math.fround(exact) || 1;
          const code = (value: number): number => Math.max(-8, Math.min(7, Math.round(value / scale)));
          return squared(
            row.values,
            row.values.map((value) => code(value) * scale),
          );
        });
        expect(squared(row.values, found)).toBeLessThanOrEqual(Math.min(...errors) * (1 + 1e-4));
      }),
      runs,
    );
  });

  test('an extreme without a counterpart takes the code -8', () => {
    const values = Float32Array.of(8, -7, 6, 5, 4, 3, 2, 1, 0, -1, -2, -3, -4, -5, -6, 7);
    const { encoding, found } = through({ values, shape: [1, 16] }, int4, {});
    expect(data(encoding, 'scales')[0]).toBe(-1);
    expect(found.map((value) => value + 0)).toEqual(values.map((value) => value + 0));
  });

  test('zero points hold a group on one side of 0 with 15 steps', () => {
    const values = Float32Array.from({ length: 16 }, (_, index) => -index / 4);
    const { encoding, found } = through({ values, shape: [1, 16] }, int4, { zeros: true });
    expect([data(encoding, 'scales')[0], data(encoding, 'zeros')[0]]).toEqual([0.25, 15]);
    expect(found.map((value) => value + 0)).toEqual(values.map((value) => value + 0));
  });
});

describe('codebook', () => {
  test('is never worse than as many levels at equal distances', () => {
    fc.assert(
      fc.property(anyValues, fc.constantFrom(4 as const, 8 as const), ({ values, shape }, bits) => {
        const { found } = through({ values, shape }, codebook, { bits });
        const [least, largest] = [Math.min(...values), Math.max(...values)];
        const step = (largest - least) / (2 ** bits - 1);
        const level = (value: number): number => (step > 0 ? least + Math.round((value - least) / step) * step : least);
        const even = squared(values, Array.from(values, level));
        const rounding = values.length * (2 ** -23 * Math.max(-least, largest)) ** 2;
        expect(squared(values, found)).toBeLessThanOrEqual(even * (1 + 1e-5) + rounding);
      }),
      runs,
    );
  });

  test('keeps matrices of no more different values than its table has', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 16 }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 50 }),
        (table, picks) => {
          const values = Float32Array.from(picks, (pick) => (table[pick % table.length] as number) + 0);
          expect(through({ values, shape: [1, values.length] }, codebook, {}).found).toEqual(values);
        },
      ),
      runs,
    );
  });

  test('is the best table of two values for two heaps of them', () => {
    const heaps = Float32Array.from({ length: 400 }, (_, index) => (index % 2) * 100 + (index % 40) / 40);
    const { encoding, found } = through({ values: heaps, shape: [20, 20] }, codebook, {});
    expect(squared(heaps, found) / heaps.length).toBeLessThan(0.002);
    const table = Array.from(data(encoding, 'table'));
    expect(table).toEqual(table.toSorted((a, b) => a - b));
    expect(table.filter((value) => value > 50)).toHaveLength(8);
  });
});

test.each([
  ['csr', csr, {}],
  ['bitmask', bitmask, {}],
  ['blocks', blockSparse, {}],
  ['blocks of 3 × 5', blockSparse, { height: 3, width: 5 }],
  ['n-of-m of all', nOfM, { n: 4, m: 4, strict: true }],
] as [string, MatrixFormat, object][])('%s of f32 loses nothing', (_, format, options) => {
  fc.assert(
    fc.property(anyValues, (drawn) => {
      // Whether a zero has a sign is not kept.
      expect(through(drawn, format, options).found).toEqual(drawn.values.map((value) => value + 0));
    }),
    runs,
  );
});

test('n-of-m keeps the largest n of each m, of equal ones the first, and nothing else', () => {
  fc.assert(
    fc.property(
      anyValues,
      fc.constantFrom([2, 4], [1, 4], [4, 8], [3, 16], [1, 2]),
      ({ values, shape }, [n = 2, m = 4]) => {
        const [rows, columns] = shape;
        const expected = new Float32Array(values.length);
        for (let row = 0; row < rows; row++)
          for (let begin = 0; begin < columns; begin += m) {
            const group = Array.from(
              { length: Math.min(m, columns - begin) },
              (_, place) => row * columns + begin + place,
            );
            const size = (index: number): number => Math.abs(values[index] as number);
            for (const index of group.toSorted((a, b) => size(b) - size(a) || a - b).slice(0, n))
              expected[index] = (values[index] as number) + 0;
          }
        expect(through({ values, shape }, nOfM, { n, m }).found).toEqual(expected);
      },
    ),
    runs,
  );
});

test('n-of-m refuses groups of which more is there, when that is asked', () => {
  const values = Float32Array.of(1, 0, 2, 0, 3, 4, 5, 0);
  expect(() => nOfM.encode(values, [1, 8], { strict: true })).toThrow(/3 of the 4 columns from element 4 on are there/);
  const present = Uint8Array.of(1, 1, 1, 0, 0, 0, 0, 0);
  expect(() => nOfM.encode(values, [1, 8], { strict: true, present })).toThrow(ArgumentError);
  expect(() => nOfM.encode(values, [1, 8], { n: 5 })).toThrow(/n is 5; it must be an integer from 1 to 4/);
});

test('a mask says what is there, whatever its value', () => {
  const values = Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7);
  const present = Uint8Array.of(1, 0, 0, 1, 0, 0, 0, 1);
  const wanted = Float32Array.of(0, 0, 0, 3, 0, 0, 0, 7);
  for (const format of [csr, bitmask, nOfM, blockSparse] as unknown as MatrixFormat<{ present: Uint8Array }>[]) {
    const { encoding, found } = through({ values, shape: [2, 4] }, format, { present });
    expect(found).toEqual(wanted);
    if (format.name === 'csr' || format.name === 'bitmask') expect(encoding.arrays['values']?.shape).toEqual([3]);
    expect(() => format.encode(values, [2, 4], { present: present.slice(1) })).toThrow(/present has 7 elements/);
  }
});

describe('values that are not finite', () => {
  const wild = (value: number): DrawnMatrix => ({ values: Float32Array.of(1, 0, value, 2), shape: [2, 2] });

  test.each([
    ['int8', int8, {}],
    ['int4', int4, {}],
    ['int4 with zero points', int4, { zeros: true }],
    ['codebook', codebook, {}],
    ['csr of int8', csr, { values: 'int8' }],
    ['bitmask of int8', bitmask, { values: 'int8' }],
    ['n-of-m of int8', nOfM, { values: 'int8' }],
    ['blocks of int8', blockSparse, { values: 'int8' }],
  ] as [string, MatrixFormat, object][])('have no code in %s', (_, format, options) => {
    for (const value of [Number.NaN, Infinity, -Infinity])
      expect(() => through(wild(value), format, options)).toThrow(
        /value \d is (?:NaN|-?Infinity), for which there is no/,
      );
  });

  test.each([csr, bitmask, nOfM, blockSparse] as unknown as MatrixFormat[])('are kept by $name of f32', (format) => {
    for (const value of [Number.NaN, Infinity, -Infinity])
      expect(through(wild(value), format, {}).found).toEqual(wild(value).values);
  });
});

describe.each(Object.entries(formatCases))('%s', (_, anyFormat) => {
  test('is finite and the same from its arrays, for all finite values', async () => {
    await fc.assert(
      fc.asyncProperty(anyExtremes, anyFormat, async ({ values, shape }, { format, options }) => {
        const encoding = format.encode(values, shape, options as never);
        const found = decoded(format, encoding, shape);
        expect(found.every(Number.isFinite)).toBe(true);
        using matrix = await encodeMatrix(fromTyped(values, shape), format, options as never);
        expect(await matrix.toDense().data()).toEqual(found);
        expect(matrix.shape).toEqual(shape);
      }),
      { numRuns: 20 },
    );
  });

  test('holds matrices without elements or with zeros only', async () => {
    const reference = createReferenceDevice('empty');
    for (const { format, options } of fc.sample(anyFormat, 24))
      for (const shape of [
        [0, 5],
        [5, 0],
        [0, 0],
        [3, 7],
      ] as [number, number][]) {
        const zero = fromTyped(new Float32Array(shape[0] * shape[1]), shape);
        using matrix = await encodeMatrix(zero, format, options as never);
        using same = await matrix.to(reference);
        for (const each of [matrix, same]) {
          expect(await each.toDense().data()).toEqual(new Float32Array(zero.size));
          const x = fromTyped(new Float32Array(2 * shape[0]).fill(1), [2, shape[0]], { device: each.device });
          expect(await x.matmul(each).data()).toEqual(new Float32Array(2 * shape[1]));
          expect(await each.matmul(x.filled([shape[1]], 1)).data()).toEqual(new Float32Array(shape[0]));
        }
        expect([matrix.bitsPerValue, matrix.density].every(Number.isFinite)).toBe(true);
      }
  });
});

test.each([int4, intN])('of groups wider than the matrix only its columns take memory: $name', async (format) => {
  const values = Float32Array.from({ length: 3 * 70_000 }, (_, place) => (place % 15) - 7);
  // With all columns of its groups it would take 17 GiB.
  using matrix = await encodeMatrix(fromTyped(values, [70_000, 3]), format as typeof int4, { group: 65_536 });
  expect(matrix.bitsPerValue).toBe(16);
  const dense = (await matrix.toDense().data()) as Float32Array;
  expect(values.every((value, place) => Math.abs(value - (dense[place] as number)) < 0.51)).toBe(true);
  const rows = await matrix.take(fromTyped(Int32Array.of(69_999), [1])).data();
  expect(rows).toEqual(dense.subarray(-3));
});
