/** A table with a target as what a run is made of: its rows parted, and how they become examples. */
import {
  foldTable,
  partTable,
  Preparation,
  taskOf,
  type ColumnKind,
  type FoldedTable,
  type KnownColumn,
  type Table,
  type Target,
  type Task,
} from '@espalier/data';
import { readTable } from '@espalier/data/node';
import { UsageError } from '../../errors.ts';

/** What is told of a column: its kind, or that nothing is learnt from it. */
export type ColumnUse = ColumnKind | 'ignore';

/** A table to learn from. */
export interface TableUse {
  /** A file that `readTable` reads. */
  readonly file: string;
  /** The column that is learnt, or several: numbers, or labels of which each is there or not. */
  readonly target: string | readonly string[];
  /** Of the split. */
  readonly seed: number;
  /** What columns are, by name. */
  readonly columns?: Readonly<Record<string, ColumnUse>>;
  /** A column whose groups are never split. */
  readonly group?: string;
  /** A column of times: parts follow each other in it. */
  readonly time?: string;
}

/** A table, parted and prepared. */
export interface OpenedTable {
  readonly train: Table;
  /** What decisions are made by. */
  readonly validate: Table;
  /** No decision is made by it. */
  readonly test: Table;
  /** Learnt from the training part alone, but for what columns are and which classes there are. */
  readonly preparation: Preparation;
  readonly target: Target;
  readonly task: Task;
  /** Folds of the rows that are not for the test: see `foldTable`. */
  readonly folded: (count: number) => readonly (() => FoldedTable)[];
}

/** What `partTable` is to be told of columns. */
export function columnOptions(columns: NonNullable<TableUse['columns']> = {}): {
  readonly kinds: Readonly<Record<string, ColumnKind>>;
  readonly columns: Readonly<Record<string, false>>;
} {
  const told = Object.entries(columns);
  return {
    kinds: Object.fromEntries(told.filter((each): each is [string, ColumnKind] => each[1] !== 'ignore')),
    columns: Object.fromEntries(told.flatMap(([name, use]) => (use === 'ignore' ? [[name, false as const]] : []))),
  };
}

/** Columns that a table is known to have. */
export function knownColumns({
  target = [],
  columns = {},
  group,
  time,
}: Partial<Pick<TableUse, 'target' | 'columns' | 'group' | 'time'>>): Readonly<Record<string, KnownColumn>> {
  const names = [target, Object.keys(columns), group ?? [], time ?? []].flat();
  return Object.fromEntries(names.map((name) => [name, 'any']));
}

/**
 * Reads a table, tells the task from its target, and parts its rows as `partTable` does.
 * @throws {DataError} naming row and column, for a target that is not there or cannot be.
 * @throws {FormatError} for a damaged file.
 * @throws {UsageError} for a table from which nothing can be learnt, such as one of few rows.
 */
export async function openTable(use: TableUse): Promise<OpenedTable> {
  const { file, columns, ...told } = use;
  const table = await readTable(file, { known: knownColumns(use) });
  const options = { ...told, ...columnOptions(columns) };
  const { parts, config, problem } = partTable(table, options);
  if (problem !== undefined) throw new UsageError(`${file}: ${problem}`);
  const [train, validate, test] = parts.map((rows) => table.take(rows)) as [Table, Table, Table];
  const preparation = new Preparation(config);
  const target = preparation.target as Target;
  return {
    train,
    validate,
    test,
    preparation,
    target,
    task: taskOf(target),
    folded: (count) => foldTable(table, count, options),
  };
}
