/** Columns of a table: values of one type in one array, and which of them are missing. */

/** What values of a column are. */
export type ColumnType = 'number' | 'text' | 'boolean';

interface AnyColumn {
  /** 1 for each row whose value is missing; undefined where none is. */
  readonly missing: Uint8Array | undefined;
}

/** Numbers: i32 where all are integers that fit, else f64. What is missing is NaN, or 0 in i32. */
export interface NumberColumn extends AnyColumn {
  readonly type: 'number';
  readonly values: Float64Array | Int32Array;
}

/** Texts. What is missing is ''. */
export interface TextColumn extends AnyColumn {
  readonly type: 'text';
  readonly values: readonly string[];
}

/** Truth values: 1 and 0. What is missing is 0. */
export interface BooleanColumn extends AnyColumn {
  readonly type: 'boolean';
  readonly values: Uint8Array;
}

/** Values of one name. */
export type Column = NumberColumn | TextColumn | BooleanColumn;

/** A value of a table; null is a missing one. */
export type Cell = number | string | boolean | null;

/** The value of a row. */
export function cellOf(column: Column, row: number): Cell {
  if (column.missing?.[row] === 1) return null;
  return column.type === 'boolean' ? column.values[row] === 1 : (column.values[row] as number | string);
}

/** The values of some rows, in their order. */
export function takeRows(column: Column, rows: ArrayLike<number>): Column {
  const { missing, type, values } = column;
  const kept = missing && Uint8Array.from(rows, (row) => missing[row] as number);
  const part = { missing: kept?.includes(1) === true ? kept : undefined };
  if (type === 'text') return { type, values: Array.from(rows, (row) => values[row] as string), ...part };
  if (type === 'boolean') return { type, values: Uint8Array.from(rows, (row) => values[row] as number), ...part };
  const numbers = values instanceof Int32Array ? new Int32Array(rows.length) : new Float64Array(rows.length);
  for (let index = 0; index < rows.length; index++) numbers[index] = values[rows[index] as number] as number;
  return { type, values: numbers, ...part };
}

/** How many values are missing. */
export function missingIn({ missing }: Column): number {
  let count = 0;
  for (const each of missing ?? []) count += each;
  return count;
}
