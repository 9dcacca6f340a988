/** Rows of a table as data of a run: split by a seed, prepared by what the training part shows. */
import { existsSync } from 'node:fs';
import type { Json } from '@espalier/nn';
import type { DataSource } from '../../data/source.ts';
import { UsageError } from '../../errors.ts';
import { text, wholeNumber } from '../../fields.ts';
import { judgeTable, judgeTableOn } from './judge-table.ts';
import { openTable, type TableUse } from './open-table.ts';
import { predictTable } from './predict-table.ts';

/** A table in a file, of which one column is learnt from the others. */
export const tableSource: DataSource<TableUse> = {
  name: 'table',
  options: { file: text, target: text, seed: wholeNumber(0) },
  check: ({ file }) => {
    if (!existsSync(file)) throw new UsageError(`${file}: there is no such file: give a table, such as houses.csv`);
  },
  reads: ({ file }) => [file],
  open: async (use, device) => {
    const { train, test, preparation, target } = await openTable(use);
    return {
      train: preparation.dataset(train, { device }),
      test: preparation.dataset(test, { device }),
      input: [preparation.features.length],
      ...(target.as === 'classes' ? { classes: target.classes.length } : { targets: target.columns.length }),
      preparation: preparation.config() as unknown as Json,
    };
  },
  judge: judgeTable,
  judgeOn: judgeTableOn,
  predict: predictTable,
};
