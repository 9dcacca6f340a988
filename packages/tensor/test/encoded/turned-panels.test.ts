// Panels that are made of codes at once: rows of x with one 1 each find the very elements of the matrix, whatever its codes are.
import { fromTyped, intN, matrixFromArrays, type EncodedArray } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groupedParts, type GroupedCodes, type GroupedPart } from '../../src/kernel/grouped-codes.ts';
import { randomNumbers } from './formats.ts';

const anyKind: fc.Arbitrary<GroupedCodes> = fc
  .record({
    bits: fc.integer({ min: 1, max: 8 }),
    group: fc.constantFrom(16, 32, 128),
    others: fc.constantFrom('none', 'zeros', 'minima', 'table'),
    scales: fc.constantFrom('f32' as const, 'f16' as const, 'i8' as const, 'e8' as const),
  })
  .map(({ bits, group, others, scales }) => ({
    bits: others === 'table' ? 4 : bits,
    group,
    zeros: others === 'zeros' && scales !== 'i8',
    minima: others === 'minima' && (scales === 'f16' || scales === 'i8'),
    table: others === 'table',
    scales,
  }));

const anyCase = fc.record({
  kind: anyKind,
  /** About the panels of eight. */
  rows: fc.integer({ min: 8, max: 35 }),
  /** Whole sixteens and others, of one block of a depth and of two. */
  columns: fc.oneof(fc.constantFrom(48, 256, 304, 512), fc.integer({ min: 33, max: 560 })),
  count: fc.integer({ min: 7, max: 17 }),
  seed: fc.nat({ max: 2 ** 30 }),
});

/** Arrays of random bytes, and of numbers from 2^-9 to 2 where they are floats. */
function drawnArrays(kind: GroupedCodes, rows: number, columns: number, seed: number): Record<string, EncodedArray> {
  const random = randomNumbers(seed);
  const groups = Math.ceil(columns / kind.group);
  const numbers = (length: number, next: () => number): number[] => Array.from({ length }, next);
  const bytes = (shape: readonly number[], end = 256): EncodedArray => {
    const length = shape.reduce((all, size) => all * size, 1);
    return { dtype: 'u8', shape, data: Uint8Array.from(numbers(length, () => Math.floor(random() * end))) };
  };
  const signed = (shape: readonly number[]): EncodedArray => {
    const { data } = bytes(shape);
    return { dtype: 'i8', shape, data: new Int8Array(data.buffer as ArrayBuffer) };
  };
  const halves = (width: number): EncodedArray => ({
    dtype: 'f16',
    shape: [rows, width],
    data: Uint16Array.from(numbers(rows * width, () => 0x1800 + Math.floor(random() * 0x2800))),
  });
  const ofGroups = {
    f32: (): EncodedArray => ({
      dtype: 'f32',
      shape: [rows, groups],
      data: Float32Array.from(numbers(rows * groups, () => random() - 0.5)),
    }),
    f16: () => halves(groups),
    i8: () => signed([rows, groups]),
    e8: (): EncodedArray => ({
      dtype: 'u8',
      shape: [rows, groups],
      data: Uint8Array.from(numbers(rows * groups, () => 120 + Math.floor(random() * 16))),
    }),
  }[kind.scales];
  const steps = (): EncodedArray => halves(Math.ceil((groups * kind.group) / 256));
  const made: Readonly<Record<GroupedPart, () => EncodedArray>> = {
    codes: () => {
      const width = Math.ceil((columns * kind.bits) / 8);
      const codes = bytes([rows, width]);
      // Bits past the last code are 0.
      const past = 255 >> (width * 8 - columns * kind.bits);
      for (let end = width - 1; end < codes.data.length; end += width)
        (codes.data as Uint8Array)[end] = (codes.data[end] as number) & past;
      return codes;
    },
    scales: ofGroups,
    zeros: () => bytes([rows, groups], 2 ** kind.bits),
    minima: ofGroups,
    steps,
    minimumSteps: steps,
    table: () => signed([16]),
  };
  return Object.fromEntries(groupedParts(kind).map((part) => [part, made[part]()]));
}

test('elements that rows with one 1 pick are those of the dense matrix', async () => {
  await fc.assert(
    fc.asyncProperty(anyCase, async ({ kind, rows, columns, count, seed }) => {
      const arrays = drawnArrays(kind, rows, columns, seed);
      const matrix = matrixFromArrays(intN, [rows, columns], { settings: { ...kind }, arrays });
      const dense = await matrix.toDense().data();
      const picked = Array.from({ length: count }, (_, i) => (seed + i * 37) % columns);
      const x = new Float32Array(count * columns);
      for (const [i, column] of picked.entries()) x[i * columns + column] = 1;
      const y = await fromTyped(x, [count, columns]).matmul(matrix.t()).data();
      const wanted = picked.flatMap((column) => Array.from({ length: rows }, (_, r) => dense[r * columns + column]));
      // Sums of zeros are 0, whatever their signs.
      expect([...y].map((value) => value + 0)).toEqual(wanted.map((value) => Number(value) + 0));
    }),
    { numRuns: 300 },
  );
}, 120_000);
