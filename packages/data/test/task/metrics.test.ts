import { ArgumentError } from '@espalier/tensor';
import { ConfigError, loss } from '@espalier/nn';
import { baselines, fitPreparation, splitRows, tableOf, taskNamed, taskOf, tasks, type Table } from '@espalier/data';
import { describe, expect, test } from 'vitest';
import { applyLinear, fitRidge } from '../../src/task/ridge.ts';
import { golden } from '../helpers/golden.ts';
import { tableNamed } from '../helpers/tables.ts';

const expectMetrics = (found: Readonly<Record<string, number>>, wanted: object): void => {
  for (const [name, value] of Object.entries(found))
    expect(value, name).toBeCloseTo(Reflect.get(wanted, name) as number, 10);
};

describe('metrics are those of scikit-learn', () => {
  test.each(golden.binary.map((each, index) => [index, each] as const))(
    'of two classes, %i',
    (_, { actual, scores, ...wanted }) => {
      const pairs = scores.flatMap((score) => [0.25, 0.25 + score]);
      for (const [outputs, width] of [
        [scores, 1],
        [pairs, 2],
      ] as const) {
        const found = tasks.binary.measure({ outputs, targets: actual, width });
        expect(Object.keys(found)).toEqual(['accuracy', 'f1', 'rocAuc', 'logLoss']);
        expectMetrics(found, wanted);
      }
    },
  );

  test.each(golden.multiclass.map((each) => [each.classes, each] as const))(
    'of %i classes',
    (width, { actual, scores, ...wanted }) => {
      const found = tasks.classification.measure({ outputs: scores.flat(), targets: actual, width });
      expect(Object.keys(found)).toEqual(['accuracy', 'f1', 'rocAuc', 'logLoss']);
      expectMetrics(found, wanted);
    },
  );

  test.each(golden.multilabel.map((each) => [each.labels, each] as const))(
    'of %i labels',
    (width, { actual, scores, ...wanted }) => {
      const found = tasks.labels.measure({ outputs: scores.flat(), targets: actual.flat(), width });
      expect(Object.keys(found)).toEqual(['accuracy', 'exact', 'f1', 'rocAuc', 'logLoss']);
      expectMetrics(found, wanted);
    },
  );

  test.each(golden.regression.map((each) => [each.outputs, each] as const))(
    'of %i numbers',
    (width, { actual, predicted, ...wanted }) => {
      const found = tasks.regression.measure({ outputs: predicted.flat(), targets: actual.flat(), width });
      expect(Object.keys(found)).toEqual(['rmse', 'mae', 'r2']);
      expectMetrics(found, wanted);
    },
  );

  test('of tokens: perplexity is the exponential of the log-loss', () => {
    const [, { actual, scores, classes, logLoss, accuracy }] = golden.multiclass as [
      unknown,
      (typeof golden.multiclass)[number],
    ];
    const found = tasks['next-token'].measure({ outputs: scores.flat(), targets: actual, width: classes });
    expectMetrics(found, { accuracy, logLoss, perplexity: Math.exp(logLoss) });
  });
});

describe('what cannot be told', () => {
  test('of one class only there is no ROC-AUC, and of NaN no class', () => {
    expect(Object.keys(tasks.binary.measure({ outputs: [1, 2], targets: [1, 1], width: 1 }))).toEqual([
      'accuracy',
      'f1',
      'logLoss',
    ]);
    expect(tasks.classification.measure({ outputs: [NaN, 1, 0, 1], targets: [0, 1], width: 2 })).toMatchObject({
      accuracy: 0.5,
    });
    expect(tasks.regression.measure({ outputs: [2, 2], targets: [3, 3], width: 1 })).toMatchObject({ r2: 0 });
  });

  test.each([
    ['binary', { outputs: [1, 2], targets: [0, 2], width: 1 }, /the label of row 2 is 2; classes are 0 to 1/],
    ['classification', { outputs: [1, 2, 3], targets: [-1], width: 3 }, /row 1 is -1/],
    ['labels', { outputs: [1, 2], targets: [0, 0.5], width: 1 }, /row 2 is 0.5/],
    ['regression', { outputs: [1, 2], targets: [1], width: 1 }, /do not belong together/],
    ['next-token', { outputs: [], targets: [], width: 3 }, /do not belong together/],
  ] as const)('%s: %j is refused', (name, judged, problem) => {
    expect(() => taskNamed(name).measure(judged)).toThrow(ArgumentError);
    expect(() => taskNamed(name).measure(judged)).toThrow(problem);
  });

  test('a task that there is not', () => {
    expect(() => taskNamed('clustering')).toThrow(ConfigError);
  });
});

test('each task names a loss of nn', () => {
  for (const task of Object.values(tasks)) expect(loss(task.loss)).toBeTypeOf('function');
});

describe('baselines', () => {
  test("ridge is scikit-learn's", async () => {
    const table = (await tableNamed('diabetes')).take(Array.from({ length: 60 }, (_, row) => row));
    const preparation = fitPreparation(table, { target: 'progression', columns: { sex: 'standard' } });
    const x = preparation.inputs(table).data;
    const y = Float64Array.from(table.column('progression').values as Int32Array);
    const linear = fitRidge(x, y, table.rows);
    const { predicted, weights, bias } = golden.ridge;
    for (const [index, weight] of weights.entries()) expect(linear.weights[0]?.[index]).toBeCloseTo(weight, 3);
    expect(linear.bias[0]).toBeCloseTo(bias, 3);
    const found = applyLinear(linear, x, table.rows);
    for (const [row, value] of predicted.entries()) expect(found[row]).toBeCloseTo(value, 2);
  });

  test.each([
    ['wine', 'class', 'classification', { majority: 0.39, linear: 0.95 }],
    ['breast-cancer', 'class', 'binary', { majority: 0.6, linear: 0.9 }],
  ] as const)('of %s', async (name, target, task, least) => {
    const table = await tableNamed(name);
    const [train, held] = splitRows(table.rows, [0.75, 0.25], { seed: 2 }).map((rows) => table.take(rows)) as [
      Table,
      Table,
    ];
    const preparation = fitPreparation(train, { target });
    if (preparation.target) expect(taskOf(preparation.target).name).toBe(task);
    const [majority, linear] = baselines(preparation, train, held);
    expect(majority?.metrics['accuracy']).toBeGreaterThan(least.majority - 0.05);
    expect(majority?.metrics['rocAuc']).toBe(0.5);
    expect(linear?.metrics['accuracy']).toBeGreaterThan(least.linear);
    expect(linear?.metrics['logLoss']).toBeUndefined();
  });

  test('of numbers and labels', async () => {
    const table = await tableNamed('diabetes');
    const [train, held] = splitRows(table.rows, [0.75, 0.25], { seed: 2 }).map((rows) => table.take(rows)) as [
      Table,
      Table,
    ];
    const [mean, linear] = baselines(fitPreparation(train, { target: 'progression' }), train, held);
    expect([mean?.name, linear?.name]).toEqual(['mean', 'linear']);
    expect(Math.abs(mean?.metrics['r2'] ?? 1)).toBeLessThan(0.1);
    expect(linear?.metrics['r2']).toBeGreaterThan(0.3);
    const marked = tableOf({ x: [0, 1, 2, 3, 4, 5], big: [0, 0, 0, 1, 1, 1], odd: [0, 1, 0, 1, 0, 1] });
    const [shares, lines] = baselines(
      fitPreparation(marked, { target: ['big', 'odd'], learn: 'labels' }),
      marked,
      marked,
    );
    expect(shares?.metrics['logLoss']).toBeCloseTo(Math.log(2), 12);
    expect(lines?.metrics['rocAuc']).toBeGreaterThan(0.8);
  });
});
