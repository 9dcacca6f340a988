/** Tables for models that were made elsewhere: judged by, predicted, and learnt from, by columns of numbers in their order. */
import { existsSync } from 'node:fs';
import { splitRows, tasks, type Table } from '@espalier/data';
import { readTable, readTableParts } from '@espalier/data/node';
import { predict, tensorDataset, type Dataset, type Json, type Module } from '@espalier/nn';
import type { Device } from '@espalier/tensor';
import type { Judge, PredictedColumn, Question } from '../../data/judgement.ts';
import type { Data, DataSource } from '../../data/source.ts';
import { UsageError } from '../../errors.ts';
import { optional, text, wholeNumber, type Field } from '../../fields.ts';
import { columnsOfClasses, named } from '../classes.ts';
import { examine, type Given } from '../intervals.ts';
import { knownColumns } from '../table/open-table.ts';
import { savedPreparation } from '../saved-preparation.ts';
import { answersIn, inputsIn, readNumbersPreparation, type NumbersPreparation } from './read-numbers.ts';

/** A table to train a model of somebody's on. */
export interface NumbersUse extends Omit<NumbersPreparation, 'source'> {
  readonly file: string;
  /** Numbers that the model gives of an example. */
  readonly width: number;
}

/** The part that models are judged by, and the seed that it is drawn by. */
const [testShare, testSeed] = [0.2, 0];

/** Rows of a table that are predicted together. */
const together = 1 << 12;

const someTexts: Field = {
  allowed: 'a list of names',
  optional: true,
  accepts: (value) => Array.isArray(value) && value.every((each) => text.accepts(each)),
};

/** Rows as examples without an answer. */
function asked(table: Table, preparation: NumbersPreparation, device: Device): Dataset {
  const nothing = { data: new Float32Array(table.rows), shape: [table.rows] };
  return tensorDataset(inputsIn(table, preparation), nothing, { device });
}

/** Columns that a table is known to have. */
const knownIn = ({ target = [], ignored = [] }: NumbersPreparation): ReturnType<typeof knownColumns> =>
  knownColumns({ target: [...target, ...ignored] });

/** How many numbers a model gives of an example. */
async function widthOf(model: Module, table: Table, preparation: NumbersPreparation, device: Device): Promise<number> {
  const outputs = await predict(model, asked(table.take([0]), preparation, device));
  const { shape, size } = outputs;
  outputs.dispose();
  if (shape.length === 1 || (shape.length === 2 && shape[0] === 1)) return size;
  throw new UsageError(
    `${table.source}: of one row the model gives [${shape.join(', ')}], and of rows of a table a list of numbers can be judged`,
  );
}

/** Scores of classes: logarithms, where a model gives probabilities. */
function scoresOf(outputs: ArrayLike<number>, width: number): ArrayLike<number> {
  const rows = outputs.length / width;
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let at = row * width; at < (row + 1) * width; at++) {
      const value = outputs[at] ?? NaN;
      if (!(value >= 0)) return outputs;
      sum += value;
    }
    if (Math.abs(sum - 1) > 1e-3) return outputs;
  }
  return Float64Array.from(outputs, Math.log);
}

const preparationOf = ({ preparation, from }: Question): NumbersPreparation =>
  savedPreparation(from, () => readNumbersPreparation(preparation));

/** All rows of a table. */
async function judgeNumbersOn(question: Question): Promise<Judge> {
  const { model, path, device } = question;
  const preparation = preparationOf(question);
  const table = await readTable(path, { known: knownIn(preparation) });
  if (table.rows === 0) throw new UsageError(`${path}: it has no rows to judge by: give some`);
  const width = await widthOf(model, table, preparation, device);
  const answers = answersIn(table, preparation, width);
  const { targets } = answers;
  const isOfClasses = answers.as === 'classes';
  const task = isOfClasses ? (width === 2 ? tasks.binary : tasks.classification) : tasks.regression;
  const measure = (given: Given): ReturnType<typeof task.measure> =>
    task.measure(isOfClasses ? { ...given, outputs: scoresOf(given.outputs, width) } : given);
  const examination = { test: asked(table, preparation, device), targets, width, measure, seed: 0 };
  const shares = isOfClasses ? ['accuracy'] : [];
  const constant = measure({ outputs: constantOf(targets, width, isOfClasses), targets, width });
  return {
    examples: table.rows,
    judge: (judged) => examine(judged, { ...examination, shares }),
    baselines: [{ name: isOfClasses ? 'majority' : 'mean', metrics: constant, intervals: {} }],
  };
}

/** What says the same of all rows: the shares of classes, or means. */
function constantOf(targets: ArrayLike<number>, width: number, isOfClasses: boolean): Float64Array {
  const rows = isOfClasses ? targets.length : targets.length / width;
  const sums = new Float64Array(width);
  for (let at = 0; at < targets.length; at++) {
    const target = targets[at] ?? 0;
    if (isOfClasses) sums[target] = (sums[target] ?? 0) + 1;
    else sums[at % width] = (sums[at % width] ?? 0) + target;
  }
  return Float64Array.from({ length: rows * width }, (_, at) => (sums[at % width] ?? 0) / rows);
}

/** What a model says of each row: the class with probabilities, or numbers. */
async function* predictNumbers(question: Question): AsyncGenerator<readonly PredictedColumn[]> {
  const { model, path, device } = question;
  const preparation = preparationOf(question);
  const { target = [], classes } = preparation;
  for await (const table of readTableParts(path, together, { known: knownIn(preparation) })) {
    if (table.rows === 0) continue;
    const width = await widthOf(model, table, preparation, device);
    const outputs = await predict(model, asked(table, preparation, device));
    const values = await outputs.data();
    outputs.dispose();
    if (width === 1 || target.length > 1) {
      const names = target.length === width ? target : Array.from({ length: width }, (_, at) => `output_${at}`);
      yield named(names, Float64Array.from(values));
      continue;
    }
    const known = classes ?? Array.from({ length: width }, (_, index) => String(index));
    if (known.length !== width)
      throw new UsageError(`--classes: ${known.length} are named, and the model tells ${width} apart: name as many`);
    yield columnsOfClasses(target[0] ?? 'class', known, scoresOf(values, width));
  }
}

/** Columns of numbers in their order, for models that say nothing of their data. */
export const numbersSource: DataSource<NumbersUse> = {
  name: 'numbers',
  options: {
    file: text,
    width: wholeNumber(2),
    target: someTexts,
    ignored: someTexts,
    classes: someTexts,
    shape: optional({ allowed: 'the shape of an example', accepts: Array.isArray }),
  },
  check: ({ file }) => {
    if (!existsSync(file)) throw new UsageError(`${file}: there is no such file: give a table, such as rows.csv`);
  },
  reads: ({ file }) => [file],
  open: async ({ file, width, ...told }, device): Promise<Data> => {
    const preparation: NumbersPreparation = { source: 'numbers', ...told };
    const table = await readTable(file, { known: knownIn(preparation) });
    const answers = answersIn(table, preparation, width);
    if (answers.as === 'numbers')
      throw new UsageError(`${file}: numbers are judged and predicted, and not yet learnt: give a model of classes`);
    const { targets, classes } = answers;
    const [train, test] = splitRows(table.rows, [1 - testShare, testShare], { seed: testSeed, classes: targets });
    const part = (rows: Int32Array = new Int32Array()): Dataset => {
      const y = { data: Int32Array.from(rows, (row) => targets[row] ?? 0), shape: [rows.length] };
      return tensorDataset(inputsIn(table.take(rows), preparation), y, { device, classes: width });
    };
    const { shape } = inputsIn(table.take([0]), preparation);
    return {
      train: part(train),
      test: part(test),
      input: shape.slice(1),
      classes: width,
      classNames: classes,
      preparation: { ...preparation } as unknown as Json,
    };
  },
  judgeOn: judgeNumbersOn,
  predict: predictNumbers,
};
