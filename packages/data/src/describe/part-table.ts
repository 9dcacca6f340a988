/** How a table is parted and prepared where nobody does it by hand: what is shown of a table is what is learnt from it. */
import { DataError } from '../errors.ts';
import { fitColumns, nothingLeft, type PreparationOptions } from '../prepare/fit.ts';
import type { PreparationConfig } from '../prepare/preparation.ts';
import { encodeTarget, type Target } from '../prepare/target.ts';
import { schemaOf, type ColumnKind } from '../schema/schema.ts';
import { categoryOf } from '../schema/values.ts';
import { columnAsNumbers } from '../table/as-numbers.ts';
import type { Table } from '../table/table.ts';
import { splitRows, type SplitOptions } from '../split/split.ts';

/** What may be told of the parts of a table. */
export interface PartOptions extends Pick<PreparationOptions, 'target' | 'learn' | 'kinds' | 'columns'> {
  /** The shares of training, validation and test. Default: 0.65, 0.15 and 0.2. */
  readonly shares?: readonly number[];
  /** Of the split. Default: 0. */
  readonly seed?: number;
  /** A column whose groups are never split; nothing is learnt from it. */
  readonly group?: string;
  /** A column of numbers or dates: parts follow each other in it; nothing is learnt from it. */
  readonly time?: string;
}

/** The parts of a table. */
export interface PartedTable {
  /** The numbers of the rows, from 0, of training, validation and test; none of a table that is too small. */
  readonly parts: readonly Int32Array[];
  /** How rows become examples, learnt from the training part alone, but for what columns are and which classes there are. */
  readonly config: PreparationConfig;
  /** Why nothing can be learnt from the table. */
  readonly problem?: string;
}

/** The shares of training, validation and test, where nobody says more. */
const usualShares: readonly number[] = [0.65, 0.15, 0.2];

/** A table of fewer rows leaves too little in its parts. */
export const fewestRows = 20;

/** The class of each row, where classes are learnt. */
export function labelsOf(table: Table, target: Target | undefined): string[] | undefined {
  if (target?.as !== 'classes') return undefined;
  const column = table.column(target.column);
  return Array.from({ length: table.rows }, (_, row) => categoryOf(column, row) ?? '');
}

/** @throws {DataError} naming the first row without a value. */
function valuesOf(table: Table, name: string): string[] {
  const column = table.column(name);
  return Array.from({ length: table.rows }, (_, row) => {
    const value = categoryOf(column, row);
    if (value !== undefined) return value;
    throw new DataError(
      table.source,
      { row: table.rowNumber(row), column: name },
      'has no value, and rows are parted by it; fill it in, or leave the row out',
    );
  });
}

/** Times as numbers: milliseconds of dates. */
function timesOf(table: Table, name: string): Float64Array {
  const texts = valuesOf(table, name);
  const column = table.column(name);
  if (column.type !== 'text')
    return Float64Array.from(
      columnAsNumbers(column, { source: table.source, name, rowNumber: (row) => row + 1 }).values,
    );
  return Float64Array.from(texts, (text, row) => {
    const time = /^[+-]?[\d.]+(?:e[+-]?\d+)?$/iu.test(text) ? Number(text) : Date.parse(text);
    if (!Number.isNaN(time)) return time;
    throw new DataError(
      table.source,
      { row: table.rowNumber(row), column: name },
      `'${text.slice(0, 60)}' is no time; write a number, or a date such as 2024-05-31`,
    );
  });
}

/**
 * How rows are told apart.
 * @throws {DataError} for groups and times at once, and naming the row of a group or time that is missing.
 */
export function splitOf(
  table: Table,
  target: Target | undefined,
  { group, time, seed = 0 }: PartOptions,
): SplitOptions {
  if (group !== undefined && time !== undefined)
    throw new DataError(
      table.source,
      { column: group },
      `rows are parted by groups or by time ('${time}'), not by both; name one`,
    );
  if (group !== undefined) return { seed, groups: valuesOf(table, group) };
  if (time !== undefined) return { seed, times: timesOf(table, time) };
  const classes = labelsOf(table, target);
  return { seed, ...(classes && { classes }) };
}

/**
 * The numbers of the rows of each part, in the order of the shares. The target says the classes that each part has its share of.
 * @throws {DataError} for groups or times that cannot fill the parts, and naming the row of one that is missing.
 */
export function partRows(table: Table, target: Target | undefined, options: PartOptions): readonly Int32Array[] {
  const { shares = usualShares, group, time } = options;
  const split = splitOf(table, target, options);
  const [column = '', values] = split.groups ? [group, split.groups] : [time, split.times];
  const different = values && new Set(Array.from(values)).size;
  if (different !== undefined && different < shares.length)
    throw new DataError(
      table.source,
      { column },
      `has ${different} different values, which cannot fill the ${shares.length} parts of a table: choose a column with more`,
    );
  return splitRows(table.rows, shares, split);
}

/** What columns are by all rows, but for those of which the training part has one value or none. */
function kindsOf(table: Table, train: Table, told: NonNullable<PartOptions['kinds']>): Record<string, ColumnKind> {
  const inPart = new Map(schemaOf(train, { kinds: told }).columns.map(({ name, kind }) => [name, kind]));
  return Object.fromEntries(
    schemaOf(table, { kinds: told }).columns.map(({ name, kind }) => {
      const own = inPart.get(name);
      return [name, own === 'empty' || own === 'constant' ? own : kind];
    }),
  );
}

/** What is told of a table, with columns that rows are parted by left out. */
type ToldColumns = Pick<PreparationOptions, 'target' | 'learn' | 'kinds' | 'columns'>;

/** What preparations of a table are told. */
export function toldOf({ group, time, target, learn, kinds = {}, columns }: PartOptions): ToldColumns {
  const parting = [group, time].filter((name) => name !== undefined);
  const leftOut = { ...columns, ...Object.fromEntries(parting.map((name) => [name, false as const])) };
  return { columns: leftOut, kinds, ...(target !== undefined && { target }), ...(learn && { learn }) };
}

/** How rows become examples, learnt from some rows alone, but for what columns are and which classes there are. */
export function learntFrom(
  train: Table,
  table: Table,
  target: Target | undefined,
  told: ToldColumns,
): PreparationConfig {
  return fitColumns(train, {
    ...told,
    kinds: kindsOf(table, train, told.kinds ?? {}),
    ...(target && { learn: target.as }),
    ...(target?.as === 'classes' && { classes: target.classes }),
  });
}

/**
 * Parts the rows of a table into those to learn from, to choose by and to judge by, each with its share of every class, and learns from
 * the first how rows become examples. Every target is looked at, so that the first wrong one is named, whatever part it is in.
 * @throws {DataError} naming row and column, for what is not there or cannot be.
 */
export function partTable(table: Table, options: PartOptions = {}): PartedTable {
  const told = toldOf(options);
  const whole = fitColumns(table, told);
  if (whole.target) encodeTarget(table, whole.target);
  if (table.rows < fewestRows)
    return {
      parts: [],
      config: whole,
      problem: `${table.rows} rows are too few: give at least ${fewestRows}, so that some can be learnt from and others judged by`,
    };
  const parts = partRows(table, whole.target, options);
  const config = learntFrom(table.take(parts[0] as Int32Array), table, whole.target, told);
  return { parts, config, ...(config.inputs.length === 0 && { problem: nothingLeft(config.ignored) }) };
}
