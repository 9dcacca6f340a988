import { customGradient, type OpEntry, type Tensor } from '@espalier/tensor';
import { checkGradient, checkOpGradient, TensorSample } from '@espalier/testing';
import { describe, expect, test } from 'vitest';
import { given } from '../given.ts';

const cube = (x: Tensor): Tensor => x.mul(x).mul(x);
/** x³, which claims that its derivative is 3x. */
const wrongCube = customGradient({ forward: cube, backward: (gradient, [x]) => [gradient.mul(given(x).mul(3))] });

describe('checkGradient', () => {
  test.each([1, 2] as const)('accepts a right gradient of order %i', async (order) => {
    await checkGradient(
      (x, y) => cube(x).mul(y.exp()),
      [
        [1, -2, 0.5],
        [[0.1], [1]],
      ],
      { order },
    );
  });

  test('takes integers as constants, and several results', async () => {
    const index = new TensorSample('i32', [2], [2, 0]);
    await checkGradient((x, i) => [x.take(i), x.sum()], [[1, 2, 3], index]);
  });

  test('accepts a linear function, whose second derivative is zero', async () => {
    await checkGradient((x) => x.mul(3), [[1, 2]], { order: 2 });
  });

  test('names the elements that are wrong', async () => {
    // 3x = 3x² at x = 1 alone.
    await expect(checkGradient(wrongCube, [[1, 2]])).rejects.toThrow(/1 elements differ[^]*∂\/∂input0\[1\]/);
  });

  test('refuses inputs that cannot be differentiated by', async () => {
    await expect(checkGradient((x) => x, [new TensorSample('i32', [1], [1])])).rejects.toThrow(
      'none of the inputs is a float',
    );
  });
});

describe('checkOpGradient', () => {
  const entry: OpEntry = {
    name: 'cube',
    family: 'elementwise',
    summary: 'a³',
    run: ([a]) => cube(given(a)),
    domain: () => ({ inputs: [], attributes: {} }),
    smooth: (choose) => ({
      inputs: [{ shape: choose.shape(), dtype: choose.dtype(['float']), values: { kind: 'range', low: 2, high: 3 } }],
      attributes: {},
    }),
  };

  test('draws from the smooth part of the domain', async () => {
    expect(await checkOpGradient(entry, { runs: 10 })).toMatchObject({ cases: 10 });
  });

  test('reports the smallest case with a wrong gradient', async () => {
    const wrong: OpEntry = { ...entry, run: ([a]) => wrongCube(given(a)) };
    await expect(checkOpGradient(wrong, { runs: 10, seed: 1 })).rejects.toThrow(
      /gradient of cube[^]*input 0: f64\[\] = \[2\]/,
    );
  });

  test('refuses an op without a gradient', async () => {
    const { smooth: _, ...without } = entry;
    await expect(checkOpGradient(without)).rejects.toThrow('no smooth domain');
  });
});
