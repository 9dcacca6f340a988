/** Columns of values of any kind, as JSON, Parquet and Arrow give them. */
import { anObject, check, describe } from '@espalier/tensor/arguments';
import { DataError } from '../errors.ts';
import type { Cell, Column, ColumnType } from './column.ts';
import { Table } from './table.ts';

/** A value as a cell: integers of 64 bits that no double holds become text, dates their ISO form; undefined for what is none. */
function cellFrom(value: unknown): Cell | undefined {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  return undefined;
}

const isInt32 = (value: Cell): boolean =>
  value === null || (Number.isInteger(value) && value === ((value as number) | 0));

/** A column of cells that are of one type, or null. */
function columnOfCells(type: ColumnType, cells: readonly Cell[]): Column {
  const gone = Uint8Array.from(cells, (cell) => (cell === null || Number.isNaN(cell) ? 1 : 0));
  const missing = gone.includes(1) ? gone : undefined;
  if (type === 'text') return { type, values: cells.map((cell) => (cell === null ? '' : String(cell))), missing };
  if (type === 'boolean') return { type, values: Uint8Array.from(cells, (cell) => (cell === true ? 1 : 0)), missing };
  if (cells.every(isInt32)) return { type, values: Int32Array.from(cells, Number), missing };
  return { type, values: Float64Array.from(cells, (cell) => (cell === null ? NaN : (cell as number))), missing };
}

const typeOf = (cell: Cell): ColumnType =>
  typeof cell === 'string' ? 'text' : typeof cell === 'boolean' ? 'boolean' : 'number';

/**
 * A column of values: numbers, texts or truth values; null, undefined and NaN are missing ones. Numbers among texts become texts only
 * where they are integers too large for a double.
 * @throws {DataError} naming the row, for a value of another type than those before it, and for one that is no single value.
 */
export function columnFrom(source: string, name: string, values: ArrayLike<unknown>): Column {
  const cells = new Array<Cell>(values.length);
  let type: ColumnType | undefined;
  let isExact = true;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    const cell = cellFrom(value);
    if (cell === undefined)
      throw new DataError(
        source,
        { row: row + 1, column: name },
        `${describe(value)} is no number, text or truth value`,
      );
    cells[row] = cell;
    if (cell === null) continue;
    const isLarge = typeof value === 'bigint' && typeof cell === 'string';
    if (isLarge) isExact = false;
    const own = isLarge ? 'number' : typeOf(cell);
    if (type !== undefined && own !== type)
      throw new DataError(
        source,
        { row: row + 1, column: name },
        `${describe(value)} is a ${own}, and what stands above it a ${type}; write one type in a column`,
      );
    type = own;
  }
  return columnOfCells(isExact ? (type ?? 'number') : 'text', cells);
}

/**
 * A table of lists by the names of their columns.
 * @throws {DataError} naming row and column of a value that is none.
 *
 * @example
 * const flats = tableOf({ rooms: [2, 3, null], town: ['Bonn', 'Ulm', 'Bonn'] });
 */
export function tableOf(columns: Readonly<Record<string, ArrayLike<unknown>>>, source = 'table'): Table {
  check<object>('tableOf', 'columns', columns, anObject);
  return new Table(
    new Map(Object.entries(columns).map(([name, values]) => [name, columnFrom(source, name, values)])),
    source,
  );
}
