/** Rows of a table as data of a run: split by a seed, prepared by what the training part shows. */
import { existsSync } from 'node:fs';
import { Preparation, type Table, type Target } from '@espalier/data';
import type { Device } from '@espalier/tensor';
import type { Data, DataSource } from '../../data/source.ts';
import { UsageError } from '../../errors.ts';
import { optional, text, wholeNumber, type Field } from '../../fields.ts';
import { partingOf, withParting, type Parting } from '../saved-preparation.ts';
import { judgeTable, judgeTableOn } from './judge-table.ts';
import { openTable, type TableUse } from './open-table.ts';
import { predictTable, preparationOf } from './predict-table.ts';
import { taskNames } from './table-pipeline.ts';

const isText = (value: unknown): boolean => text.accepts(value);

const someTexts: Field = {
  allowed: 'a text, or several different ones',
  accepts: (value) =>
    isText(value) ||
    (Array.isArray(value) && value.length > 0 && value.every(isText) && new Set(value).size === value.length),
};

const usesByColumn: Field = {
  allowed: "what columns are, such as { zip: 'category', note: 'ignore' }",
  accepts: (value) => typeof value === 'object' && value !== null && Object.values(value).every(isText),
};

/** Parts of a table as examples. */
export function asData(
  preparation: Preparation,
  parts: Readonly<Record<'train' | 'validate' | 'test', Table>>,
  parting: Parting,
  device: Device,
): Data {
  const target = preparation.target as Target;
  return {
    train: preparation.dataset(parts.train, { device }),
    validate: preparation.dataset(parts.validate, { device }),
    test: preparation.dataset(parts.test, { device }),
    input: [preparation.features.length],
    ...(target.as === 'classes'
      ? { classes: target.classes.length, classNames: target.classes }
      : { targets: target.columns.length }),
    preparation: withParting(preparation.config(), parting),
  };
}

/** A table in a file, of which one column is learnt from the others. */
export const tableSource: DataSource<TableUse> = {
  name: 'table',
  options: {
    file: text,
    target: someTexts,
    seed: wholeNumber(0),
    columns: optional(usesByColumn),
    group: optional(text),
    time: optional(text),
  },
  check: ({ file }) => {
    if (!existsSync(file)) throw new UsageError(`${file}: there is no such file: give a table, such as houses.csv`);
  },
  reads: ({ file }) => [file],
  open: async (use, device) => {
    const { train, validate, test, preparation, folded } = await openTable(use);
    return {
      ...asData(preparation, { train, validate, test }, use, device),
      folds: async (count) =>
        folded(count).map((open) => async () => {
          const { config, ...parts } = open();
          return asData(new Preparation(config), { ...parts, test: parts.validate }, use, device);
        }),
    };
  },
  judge: judgeTable,
  judgeOn: judgeTableOn,
  predict: predictTable,
  goOn: ({ preparation, from, path, seed }) => {
    const { target } = preparationOf(from, preparation);
    const { streamed, ...parting } = partingOf(preparation, seed);
    if (streamed)
      throw new UsageError(
        `${from}: the table that it was made of was streamed, and its rows are parted otherwise where they are held: espalier run --data makes a smaller model beside it`,
      );
    const options = { file: path, preparation, ...parting };
    return { source: { source: 'prepared-table', options }, task: taskNames[target.as] };
  },
};
