/** A table with a target as what a run is made of: its rows parted, and how they become examples. */
import {
  fitPreparation,
  splitRows,
  taskOf,
  type Preparation,
  type Table,
  type Target,
  type Task,
} from '@espalier/data';
import { readTable } from '@espalier/data/node';
import { UsageError } from '../../errors.ts';

/** A table to learn from. */
export interface TableUse {
  /** A file that `readTable` reads. */
  readonly file: string;
  /** The column that is learnt. */
  readonly target: string;
  /** Of the split. */
  readonly seed: number;
}

/** A table, parted and prepared. */
export interface OpenedTable {
  readonly train: Table;
  /** No decision is made by it. */
  readonly test: Table;
  /** Learnt from the training part alone, but for which classes there are. */
  readonly preparation: Preparation;
  readonly target: Target;
  readonly task: Task;
}

/** The parts of a table to learn from and to judge by. */
export const tableShares: readonly number[] = [0.8, 0.2];

/** A table of fewer rows leaves too little in its parts. */
const fewestRows = 20;

/**
 * Reads a table, tells the task from its target, and parts its rows: each part has its share of every class.
 * @throws {DataError} naming row and column, for a target that is not there or cannot be.
 * @throws {FormatError} for a damaged file.
 * @throws {UsageError} for a table that is too small to be parted.
 */
export async function openTable({ file, target: column, seed }: TableUse): Promise<OpenedTable> {
  const table = await readTable(file);
  const whole = fitPreparation(table, { target: column });
  // Every row is looked at, so that the first wrong one is named, whatever part it is in.
  const targets = whole.targets(table).data;
  if (table.rows < fewestRows)
    throw new UsageError(
      `${file}: it has ${table.rows} rows: give at least ${fewestRows}, so that some can be learnt from and others judged by`,
    );
  const told = whole.target as Target;
  const split = { seed, ...(told.as === 'classes' && { classes: targets }) };
  const [train, test] = splitRows(table.rows, tableShares, split).map((rows) => table.take(rows)) as [Table, Table];
  const preparation = fitPreparation(train, {
    target: column,
    learn: told.as,
    ...(told.as === 'classes' && { classes: told.classes }),
  });
  const target = preparation.target as Target;
  return { train, test, preparation, target, task: taskOf(target) };
}
