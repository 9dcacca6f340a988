// Rows of x that are rounded in groups, one, few or many at once, with codes of every kind that meets them: as on the reference device.
import {
  createReferenceDevice,
  defaultDevice,
  encodeMatrix,
  fromTyped,
  intN,
  matrixFromArrays,
  type Device,
  type EncodedArray,
  type Encoding,
} from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomNumbers } from './formats.ts';

const oracle = createReferenceDevice('oracle of rounded rows');

/** What a matrix of the layout may have, of what meets such rows. */
interface Kind {
  readonly bits: number;
  readonly minima: boolean;
  readonly table: boolean;
  readonly scales: 'f16' | 'i8';
}

const anyKind: fc.Arbitrary<Kind> = fc.oneof(
  fc.record({
    bits: fc.integer({ min: 1, max: 8 }),
    minima: fc.boolean(),
    table: fc.constant(false),
    scales: fc.constantFrom('f16' as const, 'i8' as const),
  }),
  fc.record({
    bits: fc.constant(4),
    minima: fc.constant(false),
    table: fc.constant(true),
    scales: fc.constantFrom('f16' as const, 'i8' as const),
  }),
);

const anyCase = fc.record({
  kind: anyKind,
  group: fc.constantFrom(16, 32),
  /** About the strips of four rows. */
  rows: fc.integer({ min: 1, max: 14 }),
  /** Groups of 32 columns: some of them past what a strip holds. */
  blocks: fc.oneof({ arbitrary: fc.integer({ min: 1, max: 9 }), weight: 3 }, fc.integer({ min: 30, max: 67 })),
  count: fc.integer({ min: 1, max: 17 }),
  activations: fc.constantFrom('int8-groups' as const, 'int16-groups' as const),
  seed: fc.nat({ max: 2 ** 30 }),
});

type Case = typeof anyCase extends fc.Arbitrary<infer Drawn> ? Drawn : never;

/** Arrays of random numbers; patterns of f16 are those of some from 2^-9 to 2. */
function drawnEncoding({ kind, group, rows, blocks, seed }: Case): Encoding {
  const random = randomNumbers(seed);
  const columns = blocks * 32;
  const groups = columns / group;
  const numbers = (shape: readonly [number, number], next: () => number): number[] =>
    Array.from({ length: shape[0] * shape[1] }, next);
  const bytes = (shape: readonly [number, number]): EncodedArray => ({
    dtype: 'u8',
    shape,
    data: Uint8Array.from(numbers(shape, () => Math.floor(random() * 256))),
  });
  const signed = (shape: readonly [number, number]): EncodedArray => ({
    dtype: 'i8',
    shape,
    data: Int8Array.from(numbers(shape, () => Math.floor(random() * 256) - 128)),
  });
  const halves = (shape: readonly [number, number]): EncodedArray => ({
    dtype: 'f16',
    shape,
    data: Uint16Array.from(
      numbers(shape, () => 0x1800 + Math.floor(random() * 0x2800) + (random() < 0.5 ? 0x8000 : 0)),
    ),
  });
  const ofGroups = kind.scales === 'f16' ? halves : signed;
  const steps = [rows, Math.ceil(columns / 256)] as const;
  return {
    settings: { bits: kind.bits, group, zeros: false, minima: kind.minima, table: kind.table, scales: kind.scales },
    arrays: {
      codes: bytes([rows, (columns * kind.bits) / 8]),
      scales: ofGroups([rows, groups]),
      ...(kind.minima && { minima: ofGroups([rows, groups]) }),
      ...(kind.scales === 'i8' && { steps: halves(steps) }),
      ...(kind.scales === 'i8' && kind.minima && { minimumSteps: halves(steps) }),
      ...(kind.table && { table: { ...signed([1, 16]), shape: [16] } }),
    },
  };
}

/** Values of x, of which some are not finite. */
function drawnValues({ count, blocks, seed }: Case, foreign: readonly number[]): Float32Array<ArrayBuffer> {
  const random = randomNumbers(seed + 1);
  return Float32Array.from({ length: count * blocks * 32 }, () => {
    const value = (random() * 2 - 1) * (random() < 0.1 ? 100 : 1);
    return foreign.length > 0 && random() < 0.003 ? (foreign[Math.floor(random() * foreign.length)] as number) : value;
  });
}

test('products with rounded rows are those of the reference device, whatever the codes and however many rows', async () => {
  await fc.assert(
    fc.asyncProperty(anyCase, fc.boolean(), async (drawn, isForeign) => {
      const { rows, blocks, count, activations } = drawn;
      const columns = blocks * 32;
      const encoding = drawnEncoding(drawn);
      const values = drawnValues(drawn, isForeign ? [Number.NaN, Infinity, -Infinity] : []);
      const on = (device: Device): { readonly y: Promise<Float32Array>; readonly dense: Promise<Float32Array> } => {
        const matrix = matrixFromArrays(intN, [rows, columns], encoding, { device });
        const x = fromTyped(values, [count, columns], { device });
        return {
          y: x.matmul(matrix.t(), { activations }).data() as Promise<Float32Array>,
          dense: matrix.toDense().data() as Promise<Float32Array>,
        };
      };
      const [found, wanted] = [await on(defaultDevice()).y, await on(oracle).y];
      const dense = await on(oracle).dense;
      for (const [index, value] of wanted.entries()) {
        const [i, r] = [Math.floor(index / rows), index % rows];
        if (!Number.isFinite(value)) {
          expect(found[index]).toBeNaN();
          continue;
        }
        let size = 0;
        for (let c = 0; c < columns; c++)
          size += Math.abs((values[i * columns + c] as number) * (dense[r * columns + c] as number));
        expect(Math.abs((found[index] as number) - value)).toBeLessThanOrEqual(2e-5 * size);
      }
    }),
    { numRuns: 60 },
  );
}, 120_000);

test('a row has the same bytes among how ever many others that are computed as it is', async () => {
  const drawn: Case = {
    kind: { bits: 4, minima: true, table: false, scales: 'f16' },
    group: 32,
    rows: 13,
    blocks: 35,
    count: 17,
    activations: 'int8-groups',
    seed: 5,
  };
  const columns = drawn.blocks * 32;
  const values = drawnValues(drawn, []);
  const matrix = matrixFromArrays(intN, [drawn.rows, columns], drawnEncoding(drawn));
  const x = fromTyped(values, [drawn.count, columns]);
  const all = await x.matmul(matrix.t(), { activations: drawn.activations }).data();
  for (const count of [4, 5, 8, 9, 13, 16]) {
    const some = await x.slice([0], [count]).matmul(matrix.t(), { activations: drawn.activations }).data();
    expect([...some]).toEqual([...all.subarray(0, count * drawn.rows)]);
  }
});

test.each([
  ['int8-groups', 16],
  ['int8-groups', 32],
  ['int16-groups', 16],
  ['int16-groups', 32],
] as const)(
  'groups of weights that are 0 give 0 to %s, and take nothing from others: groups of %i',
  async (to, group) => {
    const device = defaultDevice();
    const [rows, columns] = [5, 1024];
    const random = randomNumbers(7);
    const weights = Float32Array.from({ length: rows * columns }, () => (random() - 0.5) / 500);
    // One row as a whole, and of the others three quarters.
    for (let row = 0; row < rows; row++) weights.fill(0, row * columns, row * columns + (row === 0 ? 1024 : 768));
    // Far from 0: what codes count from is all there is of most groups.
    const x = Float32Array.from({ length: 8 * columns }, () => 100 + 1000 * random());
    // By which each x may be off.
    const halfCode = (1.001 * 1100) / 2 / (to === 'int8-groups' ? 127 : 32767);
    for (let bits = 2; bits <= 8; bits++) {
      const given = fromTyped(weights, [rows, columns], { device });
      const matrix = await encodeMatrix(given, intN, { bits, group, scales: 'f16' });
      const exact = matrix.toDense().cast('f64');
      const sizes = await exact.abs().sum([1]).data();
      for (const m of [1, 2, 3, 8]) {
        const some = fromTyped(x.slice(0, m * columns), [m, columns], { device });
        const found = await some.matmul(matrix.t(), { activations: to }).data();
        const wanted = await some.cast('f64').matmul(exact.t()).data();
        for (const [at, value] of found.entries()) {
          if (at % rows === 0) expect(value).toBe(0);
          expect(Math.abs(value - Number(wanted[at]))).toBeLessThanOrEqual(halfCode * Number(sizes[at % rows]));
        }
      }
    }
  },
);
