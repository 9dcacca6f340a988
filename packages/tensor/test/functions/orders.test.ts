import { gradients, tensor } from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import { expect, test } from 'vitest';

test('norms of every order are what mathematics calls them', () => {
  const x = tensor([3, -4, 0]);
  expect([0, 1, 2, Infinity, -Infinity].map((p) => x.norm(p).itemSync())).toEqual([2, 7, 5, 4, 0]);
  expect(tensor([2, -2]).norm(-1).itemSync()).toBe(1);
  expect(() => x.norm(Number.NaN)).toThrow('norm: p is NaN');
});

test('a norm of half precision does not leave its range on the way', () => {
  expect(tensor([200, 200], { dtype: 'f16' }).norm(4).itemSync()).toBeCloseTo(200 * 2 ** 0.25, 0);
  expect(tensor([300, 400], { dtype: 'f16' }).norm().itemSync()).toBe(500);
});

test('the logarithm of a sum of nothing is -Infinity', () => {
  expect(tensor([]).logSumExp().itemSync()).toBe(-Infinity);
});

test('rounding to places keeps what has no such places', () => {
  expect(tensor([2.345, -1.25], { dtype: 'f64' }).round(1).arraySync()).toEqual([2.3, -1.2]);
  expect(tensor([1250, 1350, 49]).round(-2).arraySync()).toEqual([1200, 1400, 0]);
  expect(tensor([3e38, -Infinity]).round(6).arraySync()).toEqual([Math.fround(3e38), -Infinity]);
  expect(tensor([7], { dtype: 'i32' }).round(2).arraySync()).toEqual([7]);
  expect(() => tensor([7], { dtype: 'i32' }).round(-1)).toThrow('cast to a float first');
});

test('truncated division rounds towards 0', () => {
  expect(
    tensor([7, -7, 7, -7])
      .truncDivide(tensor([2, 2, -2, -2]))
      .arraySync(),
  ).toEqual([3, -3, -3, 3]);
  expect(tensor([7, -7], { dtype: 'i32' }).truncDivide(2).arraySync()).toEqual([3, -3]);
});

test('elements are repeated as often as each one is to be', () => {
  expect(tensor([1, 2, 3]).repeatInterleave([2, 0, 1], 0).arraySync()).toEqual([1, 1, 3]);
  expect(() => tensor([1, 2]).repeatInterleave([1], 0)).toThrow('give one for each element');
});

test('running products have their derivatives beside zeros, the second ones too', async () => {
  const x = tensor([2, 0, 3, 0, 5], { dtype: 'f64' }).requiresGradients();
  const weights = tensor([1, -2, 3, -4, 5], { dtype: 'f64' });
  const [slope] = gradients(x.cumprod(0).mul(weights).sum(), [x], { differentiable: true });
  // Σ_j w_j · Π_{k ≤ j, k ≠ i} x_k, written out: only the first zero may be left out.
  await expectClose(slope, [1, -2 * 2 + 3 * 2 * 3, 0, 0, 0]);
  const [bend] = gradients(slope.select(0, 1), [x]);
  // Of -4·… nothing is left: x_3 is 0 in every product that goes so far, but for the derivative by x_3 itself.
  await expectClose(bend, [-2 + 3 * 3, 0, 3 * 2, -4 * 2 * 3 + 5 * 2 * 3 * 5, 0]);
});

test('where two sides are equal, maximum and minimum give each half of the gradient', () => {
  const [a, b] = [tensor([1, 2]).requiresGradients(), tensor([1, 1]).requiresGradients()];
  expect(gradients(a.maximum(b).sum(), [a, b]).map((slope) => slope.arraySync())).toEqual([
    [0.5, 1],
    [0.5, 0],
  ]);
});

test('softplus bends as sharply as beta says, and is a line above its threshold', () => {
  const x = tensor([-1, 1, 4], { dtype: 'f64' });
  const [low, high, line] = x.softplus({ beta: 2, threshold: 5 }).arraySync() as number[];
  expect([low, high]).toEqual([
    expect.closeTo(Math.log1p(Math.exp(-2)) / 2, 12),
    expect.closeTo(Math.log1p(Math.exp(2)) / 2, 12),
  ]);
  expect(line).toBe(4);
});
