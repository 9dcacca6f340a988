import { Dropout } from '@espalier/nn';
import { compile, ones } from '@espalier/tensor';
import { expect, test } from 'vitest';

test('dropout scales what it keeps, draws anew each time, and starts again from a seed', () => {
  const layer = new Dropout({ p: 0.25 }).train().seed(1);
  const step = compile(() => layer.forward(ones([4000])));
  const [first, second] = [step().dataSync(), step().dataSync()];
  expect(new Set(first)).toEqual(new Set([0, Math.fround(4 / 3)]));
  expect(first).not.toEqual(second);
  const kept = first.filter((value) => value > 0).length / first.length;
  // Five standard deviations of a binomial share.
  expect(Math.abs(kept - 0.75)).toBeLessThan(5 * Math.sqrt((0.75 * 0.25) / 4000));
  layer.seed(1);
  expect(step().dataSync()).toEqual(first);
});

test('dropout does nothing in evaluation', () => {
  const x = ones([3]);
  expect(new Dropout().forward(x)).toBe(x);
});
