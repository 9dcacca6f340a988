/** Rows of a table as data of a run: split by a seed, prepared by what the training part shows. */
import { existsSync } from 'node:fs';
import { Preparation, type Table, type Target } from '@espalier/data';
import type { Json } from '@espalier/nn';
import type { Device } from '@espalier/tensor';
import type { Data, DataSource } from '../../data/source.ts';
import { UsageError } from '../../errors.ts';
import { optional, text, wholeNumber, type Field } from '../../fields.ts';
import { judgeTable, judgeTableOn } from './judge-table.ts';
import { openTable, type TableUse } from './open-table.ts';
import { predictTable } from './predict-table.ts';

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
function asData(
  preparation: Preparation,
  parts: Readonly<Record<'train' | 'validate' | 'test', Table>>,
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
    preparation: preparation.config() as unknown as Json,
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
      ...asData(preparation, { train, validate, test }, device),
      folds: async (count) =>
        folded(count).map((open) => async () => {
          const { config, ...parts } = open();
          return asData(new Preparation(config), { ...parts, test: parts.validate }, device);
        }),
    };
  },
  judge: judgeTable,
  judgeOn: judgeTableOn,
  predict: predictTable,
};
