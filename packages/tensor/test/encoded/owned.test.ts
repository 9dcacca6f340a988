// What kernels saw in the arrays of a matrix stays as it was, whatever happens to what it was made from.
import {
  assignAt,
  bitmask,
  blockSparse,
  codebook,
  compile,
  cpu,
  csr,
  encodeMatrix,
  int4,
  int8,
  matrixFromArrays,
  nOfM,
  noGrad,
  ones,
  tensor,
  zeros,
  type EncodedMatrix,
  type Tensor,
} from '@espalier/tensor';
import { describe, expect, test } from 'vitest';

const dense = tensor([
  [1, 0, 0, 2, 0],
  [0, 0, 3, 0, 0],
  [0, 4, 0, 0, 5],
]);

const made: Readonly<Record<string, () => Promise<EncodedMatrix>>> = {
  csr: () => encodeMatrix(dense, csr),
  'csr of wide columns': () => encodeMatrix(zeros([2, 300]), csr, { present: new Uint8Array(600).fill(1) }),
  bitmask: () => encodeMatrix(dense, bitmask),
  blockSparse: () => encodeMatrix(dense, blockSparse),
  nOfM: () => encodeMatrix(dense, nOfM, { m: 5 }),
  int4: () => encodeMatrix(dense, int4, { zeros: true }),
  codebook: () => encodeMatrix(dense, codebook),
};

describe.each(Object.entries(made))('arrays of %s that say where or which values are', (_, make) => {
  test('cannot be assigned to, in a step, in part, as arguments, moved or as parts of a transpose neither', async () => {
    const matrix = await make();
    for (const same of [matrix, matrix.t(), await matrix.to(cpu()), matrix.with({})])
      for (const [name, array] of Object.entries(same.arrays)) {
        if (array.dtype === 'f32') continue;
        const says = `the tensor is the array '${name}' of a matrix in ${matrix.format.name}`;
        const before = array.arraySync();
        const calls = [
          () => array.assign(array.mul(2)),
          () => assignAt(array, 0, 0, array),
          () => compile(() => array.assign(array.add(1)))(),
          () => compile((x: Tensor) => x.assign(x.add(1)))(array),
          () =>
            compile((w: EncodedMatrix) =>
              (w.arrays[name] as Tensor).assign(zeros(array.shape, { dtype: array.dtype })),
            )(same),
        ];
        for (const call of calls) expect(call).toThrow(says);
        expect(array.arraySync()).toEqual(before);
      }
  });

  test('values can, and their number and sizes cannot', async () => {
    const matrix = await make();
    for (const array of Object.values(matrix.arrays))
      if (array.dtype === 'f32') noGrad(() => array.assign(array.mul(0)));
    if (matrix.format.name !== 'codebook') expect(matrix.toDense().abs().sum().itemSync()).toBe(0);
    for (const part of [matrix.arrays, matrix.settings, matrix.shape, matrix.t().shape])
      expect(Object.isFrozen(part)).toBe(true);
  });
});

test('a matrix keeps its shape and settings when whoever gave them writes into theirs', async () => {
  const shape: [number, number] = [1, 2];
  const settings = { scales: 'row' };
  const codes = Int8Array.of(3, 4);
  const matrix = matrixFromArrays(int8, shape, {
    settings,
    arrays: {
      codes: { dtype: 'i8', shape: [1, 2], data: codes },
      scales: { dtype: 'f32', shape: [1], data: Float32Array.of(1) },
    },
  });
  shape[0] = 1000;
  settings.scales = 'matrix';
  codes[0] = 9;
  expect([matrix.shape, matrix.settings, await matrix.matmul(ones([2])).array()]).toEqual([
    [1, 2],
    { scales: 'row' },
    [7],
  ]);
});

test('values that may be fewer than the matrix has are refused', async () => {
  const matrix = await encodeMatrix(dense, csr);
  const values = (matrix.arrays['values'] as Tensor).upTo(0, tensor(2, { dtype: 'i32' }));
  expect(() => matrix.with({ values })).toThrow('with: values is a Tensor; it must be a tensor without a length');
});
