// What kernels compute and move at least: counted by hand, and element by element.
import {
  bitmask,
  blockSparse,
  codebook,
  compile,
  conv2d,
  createReferenceDevice,
  csr,
  defineKernel,
  encodeMatrix,
  fromTyped,
  int4,
  int8,
  nOfM,
  ones,
  scaledDotProductAttention,
  tensor,
  zeros,
  type KernelSpec,
  type MatrixFormat,
  type Tensor,
} from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distinctElements, type Walk } from '../../src/kernel/work/distinct.ts';
import { kernelWork, type Work } from '../../src/kernel/work/kernel-work.ts';
import { limited } from '../../src/kernel/work/limited.ts';
import { profile } from '../../src/profile/profile.ts';

const device = createReferenceDevice('counted');
const on = { device };

/** What all kernels come to that compute a value. */
function workOf(compute: () => Tensor | readonly Tensor[]): Work {
  const { kernels } = profile(compute, { peaks: false });
  return {
    flops: kernels.reduce((sum, { flops }) => sum + (flops ?? NaN), 0),
    bytes: kernels.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** Values that are there before anything is counted. */
function stored(shape: readonly number[]): Tensor {
  const values = ones(shape, on).mul(2);
  void values.dataSync();
  return values;
}

describe('the work of', () => {
  test('a product is two operations a pair, and each operand once', () => {
    const [a, b] = [stored([6, 8]), stored([8, 10])];
    expect(workOf(() => a.matmul(b))).toEqual({ flops: 2 * 6 * 8 * 10, bytes: 4 * (48 + 80 + 60) });
  });

  test('an epilogue is counted with its product', () => {
    const [a, b, c] = [stored([6, 8]), stored([8, 10]), stored([10])];
    // A sum and a maximum for each element.
    expect(workOf(() => a.matmul(b).add(c).relu())).toEqual({
      flops: 2 * 480 + 2 * 60,
      bytes: 4 * (48 + 80 + 60 + 10),
    });
  });

  test('a product that is broadcast over its batch reads the shared operand once', () => {
    const [a, b] = [stored([5, 6, 8]), stored([8, 10])];
    expect(workOf(() => a.matmul(b))).toEqual({ flops: 5 * 960, bytes: 4 * (240 + 80 + 300) });
  });

  test('a convolution with groups multiplies within them, and reads the pixels that it sees', () => {
    const [x, w] = [stored([2, 4, 9, 9]), stored([6, 2, 3, 3])];
    // 2 groups; out 4 x 4 of every second pixel with 3 taps: it sees all 9 rows.
    expect(workOf(() => conv2d(x, w, { groups: 2, stride: 2 }))).toEqual({
      flops: 2 * (2 * 6 * 16 * 2 * 9),
      bytes: 4 * (2 * 4 * 81 + 6 * 2 * 9 + 2 * 6 * 16),
    });
  });

  test('a convolution of 1 x 1 with stride 2 sees a quarter of the pixels', () => {
    const [x, w] = [stored([1, 4, 8, 8]), stored([6, 4, 1, 1])];
    expect(workOf(() => conv2d(x, w, { stride: 2 }))).toEqual({
      flops: 2 * 6 * 16 * 4,
      bytes: 4 * (4 * 16 + 24 + 6 * 16),
    });
  });

  test('a loop with a fold counts an operation for each that it folds, and functions as one', () => {
    const x = stored([8, 16]);
    expect(workOf(() => x.sum([1]))).toEqual({ flops: 128, bytes: 4 * (128 + 8) });
    // A difference and exp for each, and two folds.
    expect(
      workOf(() =>
        x
          .sub(x.max([1], { keepDims: true }))
          .exp()
          .sum([1]),
      ),
    ).toEqual({
      flops: 4 * 128,
      bytes: 4 * (128 + 8),
    });
  });

  test('what is broadcast is read once, and comparisons and conversions are no operations', () => {
    const [x, row] = [stored([8, 16]), stored([16])];
    expect(workOf(() => x.add(row).mul(x))).toEqual({ flops: 2 * 128, bytes: 4 * (128 + 16 + 128) });
    expect(workOf(() => x.gt(row).cast('i32'))).toEqual({ flops: 0, bytes: 4 * (128 + 16 + 128) });
  });

  test('parts of a buffer count as what they are together', () => {
    const x = stored([8, 16]);
    expect(workOf(() => x.slice([0, 0], [8, 8]).mul(x.slice([0, 8], [8, 16])))).toEqual({
      flops: 64,
      bytes: 4 * (128 + 64),
    });
    expect(workOf(() => x.slice([0, 0], [8, 10]).mul(x.slice([0, 6], [8, 16])))).toEqual({
      flops: 80,
      bytes: 4 * (128 + 80),
    });
  });

  test('a gather reads as many elements as it fetches, and no more than there are', () => {
    const [table, few, many] = [
      stored([100, 4]),
      tensor([3, 5, 3], { device, dtype: 'i32' }),
      zeros([500], { device, dtype: 'i32' }).add(1),
    ];
    void many.dataSync();
    expect(workOf(() => table.take(few))).toEqual({ flops: 0, bytes: 4 * (3 + 12 + 12) });
    expect(workOf(() => table.take(many))).toEqual({ flops: 0, bytes: 4 * (500 + 400 + 2000) });
  });

  test('attention counts the pairs that see each other, and no score is stored', () => {
    const [q, k, v] = [stored([2, 3, 4]), stored([2, 5, 4]), stored([2, 5, 6])];
    const bytes = 4 * (2 * 3 * 4 + 2 * 5 * 4 + 2 * 5 * 6 + 2 * 3 * 6 + 2 * 3);
    const each = 2 * 4 + 2 * 6 + 5;
    const queries = 3 * (6 + 2);
    expect(workOf(() => scaledDotProductAttention(q, k, v))).toEqual({ flops: 2 * (15 * each + queries), bytes });
    // Queries are those of the last keys: 3, 4 and 5 of them are seen.
    expect(workOf(() => scaledDotProductAttention(q, k, v, { causal: true }))).toEqual({
      flops: 2 * (12 * each + queries),
      bytes,
    });
  });

  test('a running sum adds each element, a sort computes nothing', () => {
    const x = stored([4, 32]);
    expect(workOf(() => x.cumsum(1))).toEqual({ flops: 128, bytes: 2 * 4 * 128 });
    expect(workOf(() => Object.values(x.sort(1)) as Tensor[])).toEqual({ flops: 0, bytes: 3 * 4 * 128 });
  });

  test('scattering adds each element', () => {
    const [x, index] = [stored([10, 4]), tensor([0, 1, 2, 3, 4, 0, 1, 2, 3, 4], { device, dtype: 'i32' })];
    const { flops, bytes } = workOf(() => x.scatterSlices(index, 0, [6, 4]));
    expect({ flops, bytes }).toEqual({ flops: 40, bytes: 4 * (10 + 40 + 24) });
  });

  test('a kernel of a user says what it multiplies, or nobody knows', () => {
    const description = {
      name: 'twice',
      inputs: 1,
      outputs: ([x]: readonly { shape: readonly number[]; dtype: 'f32' }[]) => [x],
      reference: (_: unknown, [x]: readonly Float64Array[], [y]: readonly Float64Array[]) =>
        x?.forEach((value, at) => ((y as Float64Array)[at] = 2 * value)),
    } as unknown as Parameters<typeof defineKernel>[0];
    const x = stored([3, 4]);
    const silent = defineKernel(description);
    expect(profile(() => silent([x]), { peaks: false }).kernels[0]).toMatchObject({ flops: undefined, bytes: 96 });
    const telling = defineKernel({ ...description, multiplyAccumulates: () => 12 });
    expect(profile(() => telling([x]), { peaks: false }).kernels[0]).toMatchObject({ flops: 24, bytes: 96 });
  });

  test('state that is written in place is read and written', () => {
    const x = stored([32]);
    const step = compile(() => {
      x.assign(x.mul(2));
    });
    step();
    expect(profile(() => step(), { peaks: false }).kernels).toMatchObject([{ calls: 1, flops: 32, bytes: 2 * 4 * 32 }]);
  });
});

describe('the work of a product with a matrix in a format', () => {
  // Rows of 32 with every second column there.
  const values = Float32Array.from({ length: 16 * 32 }, (_, at) => (at % 2 === 0 ? (at % 13) + 1 : 0));
  const x = stored([3, 32]);
  const plain = 4 * (3 * 32 + 3 * 16);
  const rows: readonly (readonly [MatrixFormat, entries: number, bytes: number])[] = [
    [int8, 512, 512 + 4 * 16],
    [int4, 512, 256 + 4 * 16],
    [codebook, 512, 256 + 4 * 16],
    // Offsets, a byte for the column of an entry, values.
    [csr, 256, 4 * 17 + 256 + 4 * 256],
    [bitmask, 256, 4 * 17 + 64 + 4 * 256],
    [nOfM, 256, 64 + 4 * 256],
    // All blocks of 4 x 4 are there.
    [blockSparse, 512, 4 * 5 + 4 * 32 + 4 * 512],
  ] as unknown as readonly (readonly [MatrixFormat, number, number])[];

  test.each(rows)('$name is of what is stored', async (format, entries, bytes) => {
    const matrix = await encodeMatrix(fromTyped(values, [16, 32], on), format);
    expect(workOf(() => x.matmul(matrix.transpose()))).toEqual({ flops: 2 * 3 * entries, bytes: plain + bytes });
  });
});

test('limits end dimensions', () => {
  const spec: KernelSpec = {
    kind: 'loop',
    bindings: [
      { dtype: 'f32', access: 'read' },
      { dtype: 'f32', access: 'write' },
      { dtype: 'i32', access: 'read' },
    ],
    outer: [8],
    inner: [16],
    body: [
      { kind: 'load', access: { binding: 0, offset: 0, strides: [16, 1] }, dtype: 'f32' },
      { kind: 'reduce', op: 'sum', arg: 0, dtype: 'f32' },
      { kind: 'store', access: { binding: 1, offset: 0, strides: [1, 0] }, arg: 1, each: 'row' },
    ],
    limits: [{ dim: 1, binding: 2, offset: 0 }],
  };
  expect(kernelWork(limited(spec, [5]), [512, 32, 4])).toEqual({ flops: 40, bytes: 4 * (40 + 8) });
  expect(kernelWork(limited(spec, [99]), [512, 32, 4])).toEqual({ flops: 128, bytes: 4 * (128 + 8) });
});

const aWalk = fc.record({
  offset: fc.nat(6),
  dims: fc.array(fc.record({ size: fc.integer({ min: 1, max: 5 }), stride: fc.integer({ min: -8, max: 12 }) }), {
    maxLength: 3,
  }),
});

/** The elements one by one. */
function elementsOf(walks: readonly Walk[]): Set<number> {
  const found = new Set<number>();
  for (const { offset, sizes, strides } of walks) {
    let places = [offset];
    for (const [dim, size] of sizes.entries())
      places = places.flatMap((place) =>
        Array.from({ length: size }, (_, at) => place + at * (strides[dim] as number)),
      );
    for (const place of places) found.add(place);
  }
  return found;
}

test('never more elements are counted than there are', () => {
  fc.assert(
    fc.property(fc.array(aWalk, { minLength: 1, maxLength: 4 }), (drawn) => {
      const walks = drawn.map(({ offset, dims }): Walk => ({
        offset,
        sizes: dims.map(({ size }) => size),
        strides: dims.map(({ stride }) => stride),
      }));
      expect(distinctElements(walks)).toBeLessThanOrEqual(elementsOf(walks).size);
    }),
  );
});

test('boxes of a contiguous array are counted exactly', () => {
  const sizes = [4, 5, 6] as const;
  const strides = [30, 6, 1];
  const aBox = fc.tuple(
    ...sizes.map((size) =>
      fc.tuple(fc.nat(size - 1), fc.nat(size - 1)).map(([a, b]) => [Math.min(a, b), Math.max(a, b) + 1] as const),
    ),
  );
  fc.assert(
    fc.property(fc.array(aBox, { minLength: 1, maxLength: 4 }), (boxes) => {
      const walks = boxes.map((box): Walk => ({
        offset: box.reduce((sum, [from], dim) => sum + from * (strides[dim] as number), 0),
        sizes: box.map(([from, to]) => to - from),
        strides,
      }));
      expect(distinctElements(walks)).toBe(elementsOf(walks).size);
    }),
  );
});
