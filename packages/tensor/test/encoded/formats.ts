// The formats under test, each with options drawn for it.
import {
  bitmask,
  blockSparse,
  codebook,
  csr,
  encodeMatrix,
  int4,
  intN,
  int8,
  nOfM,
  type Device,
  type EncodedMatrix,
  type MatrixFormat,
  fromTyped,
} from '@espalier/tensor';
import fc from 'fast-check';

/** A format with some of its options. */
export interface FormatCase {
  readonly format: MatrixFormat<never>;
  readonly options: object;
}

const cases = <Options extends object>(
  format: MatrixFormat<Options>,
  options: fc.Arbitrary<Options>,
): fc.Arbitrary<FormatCase> =>
  options.map((drawn) => ({ format: format as unknown as MatrixFormat<never>, options: drawn }));

const stored = fc.constantFrom('f32' as const, 'int8' as const);
const sides = [
  [1, 4],
  [4, 1],
  [4, 4],
  [8, 16],
  [3, 5],
  [32, 32],
] as const;
const counts = [
  [2, 4],
  [1, 4],
  [4, 8],
  [1, 16],
  [1, 2],
  [2, 5],
  [3, 4],
  [7, 8],
] as const;

/** By name: a format with any of its options. */
export const formatCases: Readonly<Record<string, fc.Arbitrary<FormatCase>>> = {
  int8: cases(int8, fc.record({ scales: fc.constantFrom('row' as const, 'matrix' as const) })),
  int4: cases(int4, fc.record({ group: fc.constantFrom(16, 32, 64, 128), zeros: fc.boolean() })),
  intN: cases(
    intN,
    fc.record({
      bits: fc.integer({ min: 1, max: 8 }),
      group: fc.constantFrom(16, 32, 64),
      zeros: fc.boolean(),
      scales: fc.constantFrom('f32' as const, 'f16' as const),
    }),
  ),
  'intN with minima': cases(
    intN,
    fc.record({
      bits: fc.integer({ min: 1, max: 8 }),
      group: fc.constantFrom(16, 32, 64),
      minima: fc.constant(true),
    }),
  ),
  codebook: cases(codebook, fc.record({ bits: fc.constantFrom(4 as const, 8 as const) })),
  csr: cases(csr, fc.record({ values: stored })),
  bitmask: cases(bitmask, fc.record({ values: stored })),
  nOfM: cases(
    nOfM,
    fc.tuple(stored, fc.constantFrom(...counts)).map(([as, [n, m]]) => ({ values: as, n, m })),
  ),
  blockSparse: cases(
    blockSparse,
    fc.tuple(stored, fc.constantFrom(...sides)).map(([as, [height, width]]) => ({ values: as, height, width })),
  ),
};

/** A matrix to encode: how large, and what is in it. */
export interface DrawnMatrix {
  readonly shape: readonly [rows: number, columns: number];
  readonly values: Float32Array<ArrayBuffer>;
}

/** Sizes around the vectors, blocks and groups of kernels, and past them. */
const anySize = fc.oneof(
  { arbitrary: fc.integer({ min: 1, max: 9 }), weight: 4 },
  { arbitrary: fc.integer({ min: 10, max: 70 }), weight: 3 },
  { arbitrary: fc.constantFrom(127, 128, 129, 255, 256, 257, 300), weight: 1 },
);

/** Values of one magnitude, of which some share is 0; sometimes whole rows are, and sometimes some are huge or tiny. */
export const anyMatrix: fc.Arbitrary<DrawnMatrix> = fc
  .record({
    rows: anySize,
    columns: anySize,
    zeros: fc.constantFrom(0, 0.3, 0.9, 1),
    emptyRows: fc.boolean(),
    scale: fc.constantFrom(1, 1, 1, 1e-6, 1e6),
    seed: fc.nat({ max: 2 ** 30 }),
  })
  .map(({ rows, columns, zeros, emptyRows, scale, seed }) => {
    const random = randomNumbers(seed);
    const values = new Float32Array(rows * columns);
    for (let row = 0; row < rows; row++) {
      const isEmpty = emptyRows && random() < 0.3;
      for (let column = 0; column < columns; column++) {
        const value = (random() - 0.5) * scale;
        values[row * columns + column] = isEmpty || random() < zeros ? 0 : value;
      }
    }
    return { shape: [rows, columns], values };
  });

/** Numbers from 0 up to 1: the linear congruential generator of Numerical Recipes. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The matrix in the format, on a device. */
export function encoded(
  { shape, values }: DrawnMatrix,
  { format, options }: FormatCase,
  device: Device,
): Promise<EncodedMatrix> {
  return encodeMatrix(fromTyped(values, shape, { device }), format, options as never);
}
