// A small multilayer perceptron learns each of scikit-learn's data sets, from its file to its metrics.
import { AdamW, build, crossEntropy, fit, mse, predict, type LossFunction } from '@espalier/nn';
import { decodeNumbers, fitPreparation, Preparation, splitRows, type Table } from '@espalier/data';
import { expect, test } from 'vitest';
import { tableNamed, type Name } from './helpers/tables.ts';

interface Subject {
  readonly name: Name;
  readonly target: string;
  readonly epochs: number;
  readonly loss: LossFunction;
  /** The least accuracy, or R². */
  readonly least: number;
}

const subjects: readonly Subject[] = [
  { name: 'digits', target: 'class', epochs: 15, loss: crossEntropy, least: 0.94 },
  { name: 'breast-cancer', target: 'class', epochs: 15, loss: crossEntropy, least: 0.94 },
  { name: 'wine', target: 'class', epochs: 30, loss: crossEntropy, least: 0.94 },
  { name: 'diabetes', target: 'progression', epochs: 15, loss: mse, least: 0.3 },
];

function quality(preparation: Preparation, table: Table, outputs: ArrayLike<number>): number {
  const { data } = preparation.targets(table);
  const { target, outputs: width } = preparation;
  if (target?.as !== 'numbers') {
    const rows = Array.from({ length: table.rows }, (_, row) =>
      Array.from(outputs).slice(row * width, (row + 1) * width),
    );
    return rows.filter((scores, row) => scores.indexOf(Math.max(...scores)) === data[row]).length / table.rows;
  }
  const [actual, predicted] = [decodeNumbers(target, data), decodeNumbers(target, outputs)];
  const mean = actual.reduce((sum, value) => sum + value, 0) / table.rows;
  const squares = (of: (row: number) => number): number =>
    actual.reduce((sum, value, row) => sum + (value - of(row)) ** 2, 0);
  return 1 - squares((row) => predicted[row] as number) / squares(() => mean);
}

test.each(subjects)('$name', async ({ name, target, epochs, loss, least }) => {
  const table = await tableNamed(name);
  const classes = loss === crossEntropy ? table.column(target).values : undefined;
  const parts = splitRows(table.rows, [0.75, 0.25], { seed: 1, ...(classes && { classes }) });
  const [train, held] = parts.map((rows) => table.take(rows)) as [Table, Table];
  // By way of JSON, as it is saved with a model.
  const preparation = new Preparation(JSON.parse(JSON.stringify(fitPreparation(train, { target }).config())));
  const layers = [
    { type: 'linear', in: preparation.features.length, out: 32 },
    { type: 'relu' },
    { type: 'linear', in: 32, out: preparation.outputs },
  ];
  const model = build({ type: 'sequential', layers }, { seed: 1 });
  await fit(model, preparation.dataset(train), {
    loss,
    optimizer: new AdamW({ lr: 1e-2 }),
    epochs,
    batchSize: 32,
    seed: 1,
  });
  const outputs = await (await predict(model, preparation.dataset(held))).data();
  expect(quality(preparation, held, outputs)).toBeGreaterThan(least);
});
