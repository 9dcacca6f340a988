/** Targets as a model learns them: indices of classes in a stated order, truth values of labels, or standardized numbers, and back. */
import { ConfigError, type HostArray } from '@espalier/nn';
import { brief, show } from '@espalier/tensor/arguments';
import { DataError } from '../errors.ts';
import type { ColumnFacts } from '../schema/facts.ts';
import { categoryOf, placesIn } from '../schema/values.ts';
import { columnAsNumbers } from '../table/as-numbers.ts';
import { cellOf, type Cell } from '../table/column.ts';
import type { Table } from '../table/table.ts';
import { numbersField, textField, textsField, wordField, type Config } from './fields.ts';

/** One class of several. */
export interface ClassTarget {
  readonly as: 'classes';
  readonly column: string;
  /** In the order of their indices. */
  readonly classes: readonly string[];
}

/** Some of several labels, each in a column of 1 and 0 or true and false. */
export interface LabelTarget {
  readonly as: 'labels';
  readonly columns: readonly string[];
}

/** Numbers, which a model learns as (value - mean) / std. */
export interface NumberTarget {
  readonly as: 'numbers';
  readonly columns: readonly string[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** What is learnt. JSON. */
export type Target = ClassTarget | LabelTarget | NumberTarget;

/** No task has more classes. */
export const mostClasses: number = 1 << 16;

/** How many numbers a model gives for it. */
export function outputsOf(target: Target): number {
  return target.as === 'classes' ? target.classes.length : target.columns.length;
}

/**
 * Classes of a column of the training part: all its values in order, or those that are stated.
 * @throws {DataError} for a column of one class, or none.
 */
export function classTarget(
  { source, name: column, values: found }: ColumnFacts,
  stated?: readonly string[],
): ClassTarget {
  if (!found)
    throw new DataError(
      source,
      { column },
      `has more than ${mostClasses} different values, which are too many classes; learn it as numbers`,
    );
  const classes = stated ?? found.map(({ value }) => value);
  if (classes.length < 2)
    throw new DataError(
      source,
      { column },
      `has ${classes.length === 0 ? 'no value' : `only the class '${brief(classes[0] as string)}'`}; there is nothing to tell apart: give rows of another class`,
    );
  return { as: 'classes', column, classes };
}

/**
 * Numbers of columns of the training part, with their mean and spread.
 * @throws {DataError} naming the row, where there is no finite number.
 */
export function numberTarget(columns: readonly ColumnFacts[]): NumberTarget {
  for (const { source, name, firstMissing, firstInfinite } of columns) {
    const wrong = [firstMissing, firstInfinite].flatMap((each) => each ?? []);
    const [found] = wrong.toSorted((a, b) => a.row - b.row);
    if (found) throw new DataError(source, { row: found.row, column: name }, noNumber(found.cell));
  }
  const summaries = columns.map(({ numbers }) => numbers);
  return {
    as: 'numbers',
    columns: columns.map(({ name }) => name),
    mean: summaries.map(({ mean }) => mean),
    std: summaries.map(({ std, mean }) => (std > Math.abs(mean) * 2 ** -48 ? std : 1)),
  };
}

const missingTarget = 'the target is missing; fill it in, or leave the row out';
const noNumber = (cell: Cell): string =>
  cell === null ? missingTarget : `the target is ${show(cell)}; it must be a finite number: correct it`;

/** @throws {DataError} naming the row, where there is no finite number. */
function numbersOf(table: Table, name: string): Float64Array {
  const { source } = table;
  const column = columnAsNumbers(table.column(name), { source, name, rowNumber: (row) => table.rowNumber(row) });
  return Float64Array.from({ length: table.rows }, (_, row) => {
    const cell = cellOf(column, row);
    if (typeof cell === 'number' && Number.isFinite(cell)) return cell;
    throw new DataError(table.source, { row: table.rowNumber(row), column: name }, noNumber(cell));
  });
}

function truthsOf(table: Table, name: string): Float64Array {
  const column = table.column(name);
  return Float64Array.from({ length: table.rows }, (_, row) => {
    const cell = cellOf(column, row);
    const place = { row: table.rowNumber(row), column: name };
    if (cell === null) throw new DataError(table.source, place, missingTarget);
    if (cell === true || cell === 1) return 1;
    if (cell === false || cell === 0) return 0;
    throw new DataError(
      table.source,
      place,
      `the label is ${show(cell)}; it must be 1 or 0, or true or false: correct it`,
    );
  });
}

function classesOf(table: Table, { column: name, classes }: ClassTarget): Int32Array {
  const column = table.column(name);
  const placeOf = placesIn(classes);
  return Int32Array.from({ length: table.rows }, (_, row) => {
    const value = categoryOf(column, row);
    const place = { row: table.rowNumber(row), column: name };
    if (value === undefined) throw new DataError(table.source, place, missingTarget);
    const index = placeOf(value);
    if (index >= 0) return index;
    throw new DataError(
      table.source,
      place,
      `the label '${brief(value)}' is none of the ${classes.length} classes ${classes.slice(0, 8).join(', ')}${classes.length > 8 ? ', …' : ''}; correct it, or leave the row out`,
    );
  });
}

function side(columns: readonly Float64Array[], rows: number): HostArray {
  const data = new Float32Array(rows * columns.length);
  for (const [index, column] of columns.entries())
    for (let row = 0; row < rows; row++) data[row * columns.length + index] = column[row] as number;
  return { data, shape: [rows, columns.length] };
}

/**
 * Targets as a model learns them: i32 [rows] of classes, else f32 [rows, outputs].
 * @throws {DataError} naming the row of a target that is missing or cannot be.
 */
export function encodeTarget(table: Table, target: Target): HostArray {
  if (target.as === 'classes') return { data: classesOf(table, target), shape: [table.rows] };
  if (target.as === 'labels')
    return side(
      target.columns.map((name) => truthsOf(table, name)),
      table.rows,
    );
  const columns = target.columns.map((name, index) => {
    const [mean, std] = [target.mean[index] as number, target.std[index] as number];
    return numbersOf(table, name).map((value) => (value - mean) / std);
  });
  return side(columns, table.rows);
}

/** Numbers that a model gave, or learns, in the unit of the data: [rows, outputs] in doubles. */
export function decodeNumbers(target: NumberTarget, values: ArrayLike<number>): Float64Array {
  const outputs = target.columns.length;
  return Float64Array.from(
    values,
    (value, index) => value * (target.std[index % outputs] as number) + (target.mean[index % outputs] as number),
  );
}

/** @throws {ConfigError} at a place of JSON. */
export function parseTarget(config: Config, where: string): Target {
  const as = wordField(config, 'as', where, ['classes', 'labels', 'numbers'] as const);
  if (as === 'classes')
    return { as, column: textField(config, 'column', where), classes: textsField(config, 'classes', where) };
  const columns = textsField(config, 'columns', where);
  if (as === 'labels') return { as, columns };
  const [mean, std] = [numbersField(config, 'mean', where), numbersField(config, 'std', where)];
  if (mean.length !== columns.length || std.length !== columns.length || std.some((value) => value <= 0))
    throw new ConfigError(where, `needs a mean and an std above 0 for each of its ${columns.length} columns`);
  return { as, columns, mean, std };
}
