// Matrices in a format as values: rows of them, how they print, how long they live, and what compiled functions see of them.
import { inspect } from 'node:util';
import {
  bitmask,
  codebook,
  compile,
  configure,
  cpu,
  createReferenceDevice,
  csr,
  encodeMatrix,
  fromTyped,
  int4,
  int8,
  intN,
  keep,
  LifetimeError,
  matrixFromArrays,
  memory,
  nOfM,
  scope,
  ShapeError,
  tensor,
  zeros,
  type EncodedMatrix,
  type MatrixFormat,
  type MatrixShape,
  type Tensor,
} from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyMatrix, encoded, formatCases, randomNumbers, type FormatCase } from './formats.ts';

const reference = createReferenceDevice('matrices');

const drawn = (shape: MatrixShape, seed = 1): Tensor => {
  const random = randomNumbers(seed);
  return fromTyped(
    Float32Array.from({ length: shape[0] * shape[1] }, () => (random() < 0.5 ? 0 : random() - 0.5)),
    shape,
  );
};

describe.each(Object.entries(formatCases))('rows of %s', (_, anyFormat) => {
  test('are those of the dense matrix, of its transpose too', async () => {
    const anyIndices = fc.array(fc.nat(), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(anyMatrix, anyFormat, anyIndices, fc.boolean(), async (dense, format, picks, transposed) => {
        using stored = await encoded(dense, format, transposed ? reference : cpu());
        const matrix = transposed ? stored.t() : stored;
        const indices = picks.map((pick) => pick % matrix.shape[0]);
        const places = tensor([indices, indices.toReversed()], { dtype: 'i32', device: matrix.device });
        const rows = matrix.take(places);
        expect(rows.shape).toEqual([2, indices.length, matrix.shape[1]]);
        expect(await rows.data()).toEqual(await matrix.toDense().take(places).data());
      }),
      { numRuns: 12 },
    );
  });

  test('outside are refused where they are known, and read 0 where they are computed', async () => {
    for (const { format, options } of fc.sample(anyFormat, 3)) {
      using matrix = await encodeMatrix(drawn([4, 9]).add(1), format, options as never);
      expect(() => matrix.take(tensor([4], { dtype: 'i32' }))).toThrow(ShapeError);
      expect(() => matrix.take(tensor([-1], { dtype: 'i32' }))).toThrow(ShapeError);
      const computed = tensor([1, 2], { dtype: 'i32' }).mul(2);
      const rows = matrix.take(computed);
      expect(await rows.select(0, 1).data()).toEqual(new Float32Array(9));
      expect(await rows.select(0, 0).data()).toEqual(await matrix.toDense().select(0, 2).data());
      expect(matrix.take(zeros([0], { dtype: 'i32' })).shape).toEqual([0, 9]);
    }
  });
});

test.each(Object.entries(formatCases))(
  'a lookup in %s decodes the rows asked for, and no others',
  async (_, anyFormat) => {
    const { format, options } = fc.sample(anyFormat, 1)[0] as FormatCase;
    using table = await encodeMatrix(drawn([2000, 64]), format, options as never);
    const rows = (): Tensor => table.take(tensor([7, 1999], { dtype: 'i32' }));
    rows().dispose();
    const before = memory().bytes;
    using taken = rows().realizeSync();
    // A dense table would take 512,000 bytes.
    expect(memory().bytes - before).toBeLessThan(4096);
    expect(taken.shape).toEqual([2, 64]);
  },
);

describe('inspection', () => {
  test('tells shape, format, device and cost, and reads nothing', async () => {
    using quantized = await encodeMatrix(drawn([64, 32]), int4);
    expect(inspect(quantized)).toBe(
      'EncodedMatrix([64, 32], int4 group 32 zeros false, cpu, 1280 bytes, 5 bits a value)',
    );
    expect(String(quantized.t())).toContain('[32, 64], int4');
    using sparse = await encodeMatrix(tensor([[0, 2, 0, 0], [3, 0, 0, 0]]), csr); // prettier-ignore
    expect(String(sparse)).toBe(
      'EncodedMatrix([2, 4], csr values f32 columnBytes 1, cpu, 22 bytes, 22 bits a value, 25 % there)',
    );
    expect([sparse.density, sparse.bitsPerValue, quantized.density]).toEqual([0.25, 22, 1]);
    const gone = await encodeMatrix(drawn([2, 2]), int8);
    gone.dispose();
    expect([String(gone), gone.isDisposed]).toEqual(['EncodedMatrix(disposed)', true]);
  });

  test('what a format stores is what it says', async () => {
    const dense = drawn([128, 128]);
    const bits = async (format: MatrixFormat, options = {}): Promise<number> => {
      using matrix = await encodeMatrix(dense, format, options);
      return matrix.bitsPerValue;
    };
    expect(await bits(int8)).toBe(8 + 32 / 128);
    expect(await bits(int4 as MatrixFormat)).toBe(4 + 32 / 32);
    expect(await bits(int4 as MatrixFormat, { zeros: true })).toBe(4 + 40 / 32);
    expect(await bits(codebook as MatrixFormat)).toBe(4 + (16 * 32) / 128 ** 2);
    expect(await bits(nOfM as MatrixFormat)).toBe(32 / 2 + 2 / 2);
    expect(await bits(nOfM as MatrixFormat, { values: 'int8' })).toBe(8 / 2 + 2 / 2 + 32 / 128);
    expect(await bits(bitmask)).toBeLessThan(await bits(csr));
  });
});

describe('lifetimes', () => {
  const shape = [16, 16] as const;
  const encoding = csr.encode(
    Float32Array.from({ length: 256 }, (_, index) => index % 3),
    shape,
    {},
  );

  test('a matrix that a scope returns lives on, one that it does not goes, and so does one of an inner scope', () => {
    const before = memory().buffers;
    const [left, returned] = scope(() => {
      const inner = scope(() => ({ matrix: matrixFromArrays(csr, shape, encoding) }));
      return [matrixFromArrays(csr, shape, encoding), { inner }] as const;
    });
    const forgotten = scope(() => {
      const made = matrixFromArrays(csr, shape, encoding);
      return { made: () => made };
    }).made();
    expect(forgotten.isDisposed).toBe(true);
    expect([left.isDisposed, returned.inner.matrix.isDisposed]).toEqual([false, false]);
    const kept = scope(() => ({
      get: (
        (matrix) => () =>
          matrix
      )(keep(matrixFromArrays(csr, shape, encoding))),
    })).get();
    expect(scope(() => kept.toDense().sum().itemSync())).toBe(255);
    for (const matrix of [left, returned.inner.matrix, kept]) matrix.dispose();
    expect(memory().buffers).toBe(before);
  });

  test('the transpose and the same matrix with other values share what they do not replace', () => {
    const matrix = matrixFromArrays(csr, shape, encoding);
    const before = memory().bytes;
    const doubled = scope(() => matrix.with({ values: (matrix.arrays['values'] as Tensor).mul(2) }).t());
    expect(doubled.toDense().sum().itemSync()).toBe(510);
    expect(memory().bytes - before).toBeLessThanOrEqual(4 * 170);
    doubled.arrays['values']?.dispose();
    expect([doubled.isDisposed, matrix.isDisposed]).toEqual([true, false]);
    matrix.dispose();
    expect(() => matrix.toDense()).toThrow(LifetimeError);
  });

  test('a matrix moves to another device and back, its transpose as one', async () => {
    using matrix = matrixFromArrays(csr, shape, encoding);
    using moved = await matrix.t().to(reference);
    expect(moved.device).toBe(reference);
    expect(await moved.toDense().data()).toEqual(matrix.t().toDense().dataSync());
  });
});

describe('compiled functions', () => {
  const inputs = [1, 2, 3].map((seed) => drawn([4, 24], seed));
  const formats = [int8, int4, codebook, csr, bitmask, nOfM] as unknown as MatrixFormat[];

  test.each(formats)(
    'compute products with a matrix of $name that they captured, in memory that does not grow',
    async (format) => {
      using w = await encodeMatrix(drawn([24, 12], 9), format);
      const step = compile((x: Tensor) => x.matmul(w).relu());
      const wanted = await Promise.all(inputs.map((x) => x.matmul(w.toDense()).relu().data()));
      const turn = async (): Promise<void> => {
        for (const [index, x] of inputs.entries()) {
          using y = step(x);
          const found = await y.data();
          for (const [at, value] of (wanted[index] as Float32Array).entries()) expect(found[at]).toBeCloseTo(value, 5);
        }
      };
      await turn();
      const before = memory();
      for (let round = 0; round < 5; round++) await turn();
      expect(memory()).toEqual(before);
      expect(step.recordings).toBe(1);
      step.dispose();
    },
  );

  test('read the values that a captured matrix has at each call', async () => {
    using w = await encodeMatrix(tensor([[0, 1], [2, 0]]), csr); // prettier-ignore
    const values = w.arrays['values'] as Tensor;
    const step = compile((x: Tensor) => x.matmul(w));
    expect(step(tensor([[1, 10]])).arraySync()).toEqual([[20, 1]]);
    values.assign(tensor([3, 4]));
    expect(step(tensor([[1, 10]])).arraySync()).toEqual([[40, 3]]);
    expect(step.recordings).toBe(1);
    w.dispose();
    expect(() => step(tensor([[1, 10]]))).toThrow(LifetimeError);
  });

  test('take matrices as arguments and give them back, one recording for all of a kind', async () => {
    const step = compile((w: EncodedMatrix, x: Tensor) => ({
      y: x.matmul(w),
      w: w.with({ scales: (w.arrays['scales'] as Tensor).mul(2) }),
    }));
    const kinds: EncodedMatrix[] = [];
    for (const seed of [3, 4, 5]) kinds.push(await encodeMatrix(drawn([24, 24], seed), int8));
    for (const w of kinds) {
      const x = inputs[0] as Tensor;
      const found = step(w, x);
      const wanted = x.matmul(w.toDense()).dataSync();
      for (const [at, value] of found.y.dataSync().entries()) expect(value).toBeCloseTo(wanted[at] as number, 5);
      expect(found.w.toDense().dataSync()).toEqual(w.toDense().mul(2).dataSync());
    }
    expect(step.recordings).toBe(1);
    step((kinds[0] as EncodedMatrix).t(), inputs[0] as Tensor);
    step(await encodeMatrix(drawn([24, 24]), int8, { scales: 'matrix' }), inputs[0] as Tensor);
    expect(step.recordings).toBe(3);
  });
});

test('with every index checked, matrices of all formats decode', async () => {
  configure({ checkIndices: true });
  try {
    for (const anyFormat of Object.values(formatCases))
      for (const { format, options } of fc.sample(anyFormat, 3)) {
        using matrix = await encodeMatrix(drawn([9, 37]), format, options as never);
        const dense = await matrix.toDense().data();
        expect(await matrix.take(tensor([3, 8], { dtype: 'i32' })).data()).toEqual(
          await fromTyped(dense as Float32Array, [9, 37])
            .take(tensor([3, 8], { dtype: 'i32' }))
            .data(),
        );
      }
  } finally {
    configure({ checkIndices: false });
  }
});

test('a product takes the options of the matrix from either side, and none of a dense one', async () => {
  const matrix = await encodeMatrix(drawn([8, 6]), int8);
  const x = drawn([3, 8], 2);
  const rounded = { activations: 'int8' } as const;
  expect(await x.matmul(matrix, rounded).data()).toEqual(await matrix.after(x, rounded).data());
  expect(await x.matmul(matrix, rounded).data()).not.toEqual(await x.matmul(matrix).data());
  expect(() => x.matmul(matrix, { activations: 'int4' as never })).toThrow(/activations/);
  expect(() => x.matmul(drawn([8, 6]), rounded as never)).toThrow(/only products with a matrix in a format/);
  for (const rows of [-1, 1.5, NaN, '1'] as never[]) expect(() => matrix.hasKernel(rows)).toThrow(/hasKernel: rows is/);
});

test('a matrix that rounds does so in every product, of its transpose and on its way through a compiled function too', async () => {
  const values = Float32Array.from({ length: 40 * 64 }, (_, place) => Math.sin(place * place));
  const matrix = await encodeMatrix(fromTyped(values, [40, 64]), intN, { bits: 8, scales: 'f16' });
  const x = fromTyped(values.slice(0, 3 * 64), [3, 64]);
  const exact = await x.matmul(matrix.t()).data();
  let before = Infinity;
  for (const activations of ['int8', 'int8-groups', 'int16-groups'] as const) {
    const rounding = matrix.rounding(activations);
    expect(rounding.t().activations).toBe(activations);
    const found = await x.matmul(rounding.t()).data();
    expect(found).toEqual(await x.matmul(matrix.t(), { activations }).data());
    expect(await rounding.matmul(x.t()).t().data()).toEqual(found);
    expect(await compile((own: EncodedMatrix) => x.matmul(own.t()))(rounding).data()).toEqual(found);
    expect(await x.matmul(rounding.t(), { activations: 'f32' }).data()).toEqual(exact);
    const off = Math.max(...Array.from(found, (value, place) => Math.abs(value - Number(exact[place]))));
    expect(off).toBeGreaterThan(0);
    expect(off).toBeLessThan(before);
    before = off;
  }
  expect(() => matrix.rounding('int4' as never)).toThrow(/activations/u);
});
