import { FormatError } from '@espalier/nn';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBitmask, encodeBitmask, nonZero, type SparseWeights } from '../../src/layout/bitmask.ts';
import { decodeCompressedRows, encodeCompressedRows } from '../../src/layout/csr.ts';

interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly weights: SparseWeights;
}

const weightsOf = (dense: Float32Array<ArrayBuffer>): SparseWeights => ({ dense, present: nonZero(dense) });

const matrix: fc.Arbitrary<Matrix> = fc
  .tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 20 }), fc.boolean())
  .chain(([rows, columns, whole]) =>
    fc
      .array(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: -127, max: 127 })), {
        minLength: rows * columns,
        maxLength: rows * columns,
      })
      .chain((all) =>
        fc.array(fc.boolean(), { minLength: all.length, maxLength: all.length }).map((kept) => {
          // What is not there is 0, and what is there may be.
          const values = all.map((value, index) => (kept[index] ? value : 0));
          const dense = whole ? Int8Array.from(values) : Float32Array.from(values, (value) => value / 3);
          return { rows, columns, weights: { dense, present: Uint8Array.from(kept, Number) } };
        }),
      ),
  );

describe('bitmask', () => {
  test('gives every matrix back', () => {
    fc.assert(
      fc.property(matrix, ({ rows, columns, weights }) => {
        expect(decodeBitmask(encodeBitmask(weights, rows, columns), rows, columns)).toEqual(weights);
      }),
    );
  });

  test('bit c of a row is column c, lowest first; rows start new bytes', () => {
    const { bits, values } = encodeBitmask(
      weightsOf(Float32Array.of(0, 5, 0, 6, 0, 0, 0, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0)),
      2,
      9,
    );
    expect([...bits]).toEqual([0b1010, 1, 1, 0]);
    expect([...values]).toEqual([5, 6, 7, 8]);
  });

  test.each([
    ['too few values', { bits: Uint8Array.of(3), values: Float32Array.of(1) }],
    ['too many values', { bits: Uint8Array.of(1), values: Float32Array.of(1, 2) }],
    ['a bit beyond the row', { bits: Uint8Array.of(8), values: Float32Array.of(1) }],
    ['too few bytes', { bits: Uint8Array.of(), values: Float32Array.of() }],
  ])('%s is a FormatError', (_, parts) => {
    expect(() => decodeBitmask(parts, 1, 3)).toThrow(FormatError);
  });
});

describe('csr', () => {
  test('gives every matrix back', () => {
    fc.assert(
      fc.property(matrix, ({ rows, columns, weights }) => {
        expect(decodeCompressedRows(encodeCompressedRows(weights, rows, columns), rows, columns)).toEqual(weights);
      }),
    );
  });

  test('takes the narrowest index', () => {
    const indices = (columns: number): unknown =>
      encodeCompressedRows(weightsOf(new Float32Array(columns)), 1, columns).columns;
    expect(indices(256)).toBeInstanceOf(Uint8Array);
    expect(indices(257)).toBeInstanceOf(Uint32Array);
  });

  const [columns, values] = [Uint8Array.of(0, 2, 1), Float32Array.of(1, 2, 3)];
  test.each([
    ['a missing offset', { offsets: Uint32Array.of(0, 3), columns, values }],
    ['an end that is not the end', { offsets: Uint32Array.of(0, 2, 2), columns, values }],
    ['a start that is not 0', { offsets: Uint32Array.of(1, 2, 3), columns, values }],
    ['columns that do not ascend', { offsets: Uint32Array.of(0, 3, 3), columns, values }],
    ['a column outside', { offsets: Uint32Array.of(0, 2, 3), columns: Uint8Array.of(0, 3, 1), values }],
    ['offsets that go back', { offsets: Uint32Array.of(0, 9, 3), columns, values }],
    ['a missing column', { offsets: Uint32Array.of(0, 2, 3), columns: Uint8Array.of(0, 2), values }],
  ])('%s is a FormatError', (_, parts) => {
    expect(() => decodeCompressedRows(parts, 2, 3)).toThrow(FormatError);
  });
});
