import { accuracy, evaluate, f1, fit, type Metrics } from '@espalier/nn';
import { ArgumentError } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { classifier, clusters, settings } from '../helpers/toy.ts';

const wrong: readonly (readonly [string, unknown, string])[] = [
  ['a maker that was not called', { f1 }, 'metrics.f1 is a function: call it to make a metric: { f1: f1() }'],
  ['a name', { accuracy: 'accuracy' }, 'metrics.accuracy is "accuracy": give a metric'],
  ['nothing', { accuracy, other: undefined }, 'metrics.other is undefined: give a metric'],
  ['null', { accuracy: null }, 'metrics.accuracy is null: give a metric'],
  ['an object', { accuracy: {} }, 'metrics.accuracy is an object without statistic and value'],
  ['a list', [accuracy], 'metrics must be an object of metrics by name'],
  ['a metric itself', accuracy, 'metrics.statistic is an object without statistic and value'],
];

test.each(wrong)('instead of metrics %s is refused by name, before anything is computed', async (_, metrics, words) => {
  const data = clusters(20);
  const evaluating = evaluate(classifier(1), data, metrics as Metrics);
  await expect(evaluating).rejects.toThrow(ArgumentError);
  await expect(evaluating).rejects.toThrow(words);
  const training = fit(classifier(1), data, { ...settings(), validate: data, metrics: metrics as Metrics } as never);
  await expect(training).rejects.toThrow(words);
});
