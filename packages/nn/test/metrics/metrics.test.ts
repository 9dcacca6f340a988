import fc from 'fast-check';
import {
  accuracy,
  build,
  confusionMatrix,
  ConfusionMatrix,
  evaluate,
  f1,
  meanLoss,
  mse,
  precision,
  recall,
  tensorDataset,
  topKAccuracy,
} from '@espalier/nn';
import { ArgumentError, tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { at } from '../helpers/at.ts';

const classes = 4;
const label = fc.integer({ min: 0, max: classes - 1 });
const pairs = fc.array(fc.tuple(label, label), { minLength: 1, maxLength: 60 });
const close = (actual: number, expected: number): void => {
  expect(actual).toBeCloseTo(expected, 12);
};

/** Per class, straight from the definitions; and the mean over the classes that occur. */
function naive(
  list: readonly (readonly [number, number])[],
): Readonly<Record<'precision' | 'recall' | 'f1', { readonly each: number[]; readonly macro: number }>> {
  const each = Array.from({ length: classes }, (_, index) => {
    const tp = list.filter(([actual, predicted]) => actual === index && predicted === index).length;
    const fp = list.filter(([actual, predicted]) => actual !== index && predicted === index).length;
    const fn = list.filter(([actual, predicted]) => actual === index && predicted !== index).length;
    const p = tp + fp === 0 ? 0 : tp / (tp + fp);
    const r = tp + fn === 0 ? 0 : tp / (tp + fn);
    return { p, r, f: p + r === 0 ? 0 : (2 * p * r) / (p + r) };
  });
  const occurs = each.map((_, index) => list.some((pair) => pair.includes(index)));
  const both = (values: number[]): { each: number[]; macro: number } => ({
    each: values,
    macro: mean(values.filter((_, index) => occurs[index])),
  });
  return {
    precision: both(each.map(({ p }) => p)),
    recall: both(each.map(({ r }) => r)),
    f1: both(each.map(({ f }) => f)),
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('a confusion matrix', () => {
  test('gives what the definitions say', () => {
    fc.assert(
      fc.property(pairs, (list) => {
        const matrix = new ConfusionMatrix(classes).add(
          list.map(([a]) => a),
          list.map(([, p]) => p),
        );
        const expected = naive(list);
        for (const name of ['precision', 'recall', 'f1'] as const) {
          matrix[name]().forEach((value, index) => close(value, at(expected[name].each, index)));
          close(matrix[name]('macro'), expected[name].macro);
          // With one label per example, every micro average is the accuracy.
          close(matrix[name]('micro'), matrix.accuracy());
        }
        close(matrix.accuracy(), list.filter(([a, p]) => a === p).length / list.length);
        expect(matrix.total).toBe(list.length);
      }),
    );
  });

  test('is empty at first, and says 0', () => {
    const matrix = new ConfusionMatrix(2);
    expect([matrix.accuracy(), matrix.f1('macro'), matrix.f1('micro')]).toEqual([0, 0, 0]);
    expect(matrix.add([0, 1], [1, 1]).toArray()).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  test('refuses classes that do not exist', () => {
    expect(() => new ConfusionMatrix(2).add([2], [0])).toThrow(ArgumentError);
    expect(() => new ConfusionMatrix(2).add([1], [])).toThrow(ArgumentError);
    expect(() => new ConfusionMatrix(2, new Float64Array(3))).toThrow(ArgumentError);
    expect(() => new ConfusionMatrix(2, new Float64Array(4), new Float64Array(1))).toThrow(ArgumentError);
  });
});

describe('a way of averaging that there is not is refused, not taken for another', () => {
  test.each([
    [{ average: 'weighted' }, `average is "weighted"; it must be 'macro' or 'micro'`],
    [{ average: null }, 'average is null'],
    [{ averge: 'micro' }, 'averge is no option'],
    ['micro', '"micro" is no option'],
  ])('%j', (options, said) => {
    for (const metric of [precision, recall, f1]) {
      expect(() => metric(options as object)).toThrow(ArgumentError);
      expect(() => metric(options as object)).toThrow(said);
    }
  });

  test('of a matrix', () => {
    expect(() => new ConfusionMatrix(2).f1('weighted' as 'macro')).toThrow(`it must be 'macro' or 'micro'`);
  });
});

describe('metrics over a dataset', () => {
  const scores = fc.array(
    fc.tuple(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: classes, maxLength: classes }), label),
    { minLength: 1, maxLength: 23 },
  );
  const identity = build({ type: 'identity' });

  test('are those of plain loops, whatever the batches', async () => {
    await fc.assert(
      fc.asyncProperty(scores, fc.integer({ min: 1, max: 9 }), async (list, batchSize) => {
        const data = tensorDataset(
          tensor(list.map(([row]) => row)),
          tensor(
            list.map(([, y]) => y),
            { dtype: 'u8' },
          ),
        );
        const metrics = {
          accuracy,
          precision: precision(),
          recall: recall({ average: 'micro' }),
          f1: f1(),
          top2: topKAccuracy(2),
          confusionMatrix,
        };
        const found = await evaluate(identity, data, metrics, { batchSize });
        const predicted = list.map(([row]) => row.indexOf(Math.max(...row)));
        const expected = naive(list.map(([, y], index) => [y, at(predicted, index)]));
        close(found.precision, expected.precision.macro);
        close(found.f1, expected.f1.macro);
        const right = list.filter(([, y], index) => predicted[index] === y).length / list.length;
        close(found.accuracy, right);
        close(found.recall, right);
        const inTop2 = list.filter(
          ([row, y]) => row.filter((score, index) => score > at(row, y) || (score === row[y] && index < y)).length < 2,
        );
        close(found.top2, inTop2.length / list.length);
        expect(found.confusionMatrix.total).toBe(list.length);
      }),
      { numRuns: 12 },
    );
  });

  test('a loss is a mean over examples, not over batches', async () => {
    const data = tensorDataset(tensor([[1], [2], [3], [4], [5]]), tensor([[0], [0], [0], [0], [0]]));
    const { loss } = await evaluate(identity, data, { loss: meanLoss(mse) }, { batchSize: 4 });
    expect(loss).toBeCloseTo(11, 5);
  });

  test('an empty set of counts is no number to divide by', () => {
    expect(topKAccuracy(1).value(new Float64Array(2))).toBe(0);
    expect(() => topKAccuracy(0)).toThrow(ArgumentError);
  });
});
