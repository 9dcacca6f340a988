import fc from 'fast-check';
import {
  build,
  ConfigError,
  deriveSeed,
  fansOf,
  gainOf,
  initialise,
  initialiserTypes,
  shuffled,
  split,
  streamOf,
  tensorDataset,
} from '@espalier/nn';
import { ArgumentError, createReferenceDevice, Generator, rand } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { at } from '../helpers/at.ts';

const shape = [300, 200];
const draw = (config: Parameters<typeof initialise>[0], size: readonly number[] = shape, seed = 1): number[] => [
  ...initialise(config, size, { generator: new Generator(seed) }).dataSync(),
];
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]): number => {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
};

/** Expected standard deviation for [300, 200]: 200 inputs, 300 outputs. */
const spreads: readonly (readonly [Parameters<typeof initialise>[0], number])[] = [
  [{ type: 'uniform', low: -0.3, high: 0.3 }, 0.3 / Math.sqrt(3)],
  [{ type: 'normal', std: 0.5 }, 0.5],
  // A normal cut at two standard deviations keeps 0.8796 of its spread.
  ['truncated-normal', 0.02 * 0.87963],
  ['xavier-normal', Math.sqrt(2 / 500)],
  ['xavier-uniform', Math.sqrt(2 / 500)],
  [{ type: 'xavier-uniform', gain: 2 }, 2 * Math.sqrt(2 / 500)],
  ['kaiming-normal', Math.sqrt(2 / 200)],
  ['kaiming-uniform', Math.sqrt(2 / 200)],
  [{ type: 'kaiming-normal', mode: 'fan-out', nonlinearity: 'tanh' }, 5 / 3 / Math.sqrt(300)],
  [{ type: 'kaiming-uniform', nonlinearity: 'leaky-relu', slope: Math.sqrt(5) }, 1 / Math.sqrt(3 * 200)],
  ['lecun-normal', Math.sqrt(1 / 200)],
  ['lecun-uniform', Math.sqrt(1 / 200)],
];

describe('initialisers', () => {
  test.each(spreads)('%j has the spread its source gives', (config, expected) => {
    const values = draw(config);
    // 60,000 values: their deviation has a relative error of about 0.3 %, their mean one of 0.4 % of the deviation.
    expect(Math.abs(deviation(values) / expected - 1)).toBeLessThan(0.02);
    expect(Math.abs(mean(values))).toBeLessThan(0.03 * expected);
  });

  test('uniform ones stay within their bounds, truncated ones within two deviations', () => {
    const bound = Math.sqrt(6 / 500) * 1.000001;
    expect(draw('xavier-uniform').every((value) => Math.abs(value) <= bound)).toBe(true);
    expect(draw('truncated-normal').every((value) => Math.abs(value) <= 0.0400001)).toBe(true);
  });

  test('constants are constant', () => {
    expect([draw('zeros', [2]), draw('ones', [2]), draw({ type: 'constant', value: 3 }, [2])]).toEqual([
      [0, 0],
      [1, 1],
      [3, 3],
    ]);
  });

  test.each(initialiserTypes.filter((type) => type !== 'constant'))(
    '%s is a function of the seed, the same on every device',
    (type) => {
      const on = (seed: number): number[] => [
        ...initialise(type, [4, 3], {
          generator: new Generator(seed),
          device: createReferenceDevice(`init ${type}`),
        }).dataSync(),
      ];
      expect(draw(type, [4, 3], 7)).toEqual(draw(type, [4, 3], 7));
      for (const [index, value] of draw(type, [4, 3], 7).entries()) expect(on(7)[index]).toBeCloseTo(value, 5);
      if (!['zeros', 'ones'].includes(type)) expect(draw(type, [4, 3], 8)).not.toEqual(draw(type, [4, 3], 7));
    },
  );

  test('orthogonal ones have orthogonal rows or columns of length gain', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 2 }),
        (out, inputs, kernel) => {
          const columns = inputs * kernel;
          const w = draw({ type: 'orthogonal', gain: 2 }, [out, inputs, kernel]);
          const row = (index: number): number[] =>
            out <= columns
              ? w.slice(index * columns, (index + 1) * columns)
              : Array.from({ length: out }, (_, k) => at(w, k * columns + index));
          for (let a = 0; a < Math.min(out, columns); a++)
            for (let b = 0; b <= a; b++) {
              const product = row(a).reduce((sum, value, index) => sum + value * at(row(b), index), 0);
              expect(Math.abs(product - (a === b ? 4 : 0))).toBeLessThan(1e-5);
            }
        },
      ),
      { numRuns: 30 },
    );
  });

  test('fans of kernels count their area', () => {
    expect(fansOf([8, 3, 5, 5])).toEqual({ fanIn: 75, fanOut: 200 });
    expect(fansOf([])).toEqual({ fanIn: 1, fanOut: 1 });
    expect(gainOf('relu')).toBe(Math.SQRT2);
    expect(gainOf('leaky-relu', 1)).toBe(1);
  });

  test('wrong settings are named', () => {
    expect(() => initialise({ type: 'normal', sdt: 1 }, [1])).toThrow(ConfigError);
    expect(() => initialise('kaiming', [1])).toThrow('kaiming-normal');
  });
});

test.each([NaN, 1.5, Infinity, '1', null])('the seed %s is refused, wherever one is given', (seed) => {
  const wrong = seed as number;
  const data = tensorDataset(rand([4, 2]), rand([4, 2]));
  for (const use of [
    () => build({ type: 'relu' }, { seed: wrong }),
    () => build({ type: 'relu' }).seed(wrong),
    () => split(data, [1], { seed: wrong }),
    () => shuffled(4, wrong, 'a'),
    () => deriveSeed(wrong, 'a'),
    () => streamOf(wrong, 'a'),
  ]) {
    expect(use).toThrow(ArgumentError);
    expect(use).toThrow(/seed is .*; it must be an integer/u);
  }
});
