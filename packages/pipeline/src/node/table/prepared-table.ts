/** Rows of a table for a model that was made of such: parted as a run parts them, prepared as the model says. */
import { fewestRows, partRows, Preparation, type Table, type Target } from '@espalier/data';
import { readTable } from '@espalier/data/node';
import type { Json } from '@espalier/nn';
import type { DataSource } from '../../data/source.ts';
import { UsageError } from '../../errors.ts';
import { optional, text, wholeNumber, type Field } from '../../fields.ts';
import { judgeBy, learnt, type Prepared } from './judge-table.ts';
import { knownColumns, type TableUse } from './open-table.ts';
import { asData, tableSource } from './table-source.ts';

/** A table, and the model's preparation of it. */
interface PreparedTableUse extends Pick<TableUse, 'file' | 'seed' | 'group' | 'time'> {
  readonly preparation: Json;
}

const aPreparation: Field = {
  allowed: 'what a model says of how its rows were prepared',
  accepts: (value) => typeof value === 'object' && value !== null && 'target' in value,
};

/** The parts of the rows, which are the same as those of the run where the table is the same. */
async function open(use: PreparedTableUse): Promise<Prepared & Readonly<Record<'train' | 'validate' | 'test', Table>>> {
  const { file } = use;
  const preparation = new Preparation(use.preparation);
  const target = preparation.target as Target;
  const table = await readTable(file, { known: { ...knownColumns(use), ...preparation.known } });
  if (table.rows < fewestRows)
    throw new UsageError(
      `${file}: ${table.rows} rows are too few: give at least ${fewestRows}, so that some can be learnt from and others judged by`,
    );
  const parts = partRows(table, target, use);
  const [train, validate, test] = parts.map((rows) => table.take(rows)) as [Table, Table, Table];
  return { preparation, target, train, validate, test };
}

/** A table in a file, prepared by what a model says. */
export const preparedTableSource: DataSource<PreparedTableUse> = {
  name: 'prepared-table',
  options: { file: text, seed: wholeNumber(0), group: optional(text), time: optional(text), preparation: aPreparation },
  check: ({ file: path }) => tableSource.check?.({ file: path, target: '', seed: 0 }),
  reads: ({ file: path }) => [path],
  open: async (use, device) => {
    const { preparation, ...parts } = await open(use);
    return asData(preparation, parts, use, device);
  },
  judge: async (use, device) => {
    const { train, test, ...prepared } = await open(use);
    return { ...judgeBy(test, prepared, use.seed, device), baselines: learnt(prepared, train, test) };
  },
};
