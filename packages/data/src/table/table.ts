/** A table: named columns of the same length. */
import { aCount, check, describe } from '@espalier/tensor/arguments';
import { ArgumentError } from '@espalier/tensor';
import { numbers } from '@espalier/nn/arguments';
import { DataError } from '../errors.ts';
import { cellOf, takeRows, type Cell, type Column } from './column.ts';

/** Most names that a message lists. */
const mostNames = 12;

/** Rows of named values, held column by column. It is never changed: what makes another one of it copies. */
export class Table {
  /** Where it came from, for errors: a path. */
  readonly source: string;
  /** How many rows it has. */
  readonly rows: number;
  /** The columns by name, in order. */
  readonly columns: ReadonlyMap<string, Column>;

  /** The number that each row has where it came from, from 0; undefined where that is its own. */
  readonly #origin: ArrayLike<number> | undefined;

  /**
   * `origin` is the number that each row has where it came from, from 0, if that is not its own: errors name rows by it.
   * @throws {ArgumentError} for columns of different lengths.
   */
  constructor(columns: ReadonlyMap<string, Column>, source = 'table', rows?: number, origin?: ArrayLike<number>) {
    const lengths = [...columns].map(([name, { values }]) => [name, values.length] as const);
    const size = rows ?? lengths[0]?.[1] ?? 0;
    const other = lengths.find(([, length]) => length !== size);
    if (other) throw new ArgumentError('Table', `column '${other[0]}' has ${other[1]} rows; the others have ${size}`);
    this.columns = columns;
    this.source = source;
    this.rows = size;
    this.#origin = origin;
  }

  /** The number of a row where it came from, from 1, as errors name it. */
  rowNumber(row: number): number {
    return 1 + (this.#origin?.[row] ?? row);
  }

  /** The names of the columns, in order. */
  get names(): readonly string[] {
    return [...this.columns.keys()];
  }

  /**
   * The column of a name.
   * @throws {DataError} with the names that there are, where there is none.
   */
  column(name: string): Column {
    const found = this.columns.get(name);
    if (found) return found;
    const names = this.names.slice(0, mostNames).map((each) => `'${each}'`);
    const more = this.names.length > mostNames ? ` and ${this.names.length - mostNames} more` : '';
    throw new DataError(this.source, {}, `has no column ${describe(name)}; it has ${names.join(', ')}${more}`);
  }

  /** The same rows with other columns under some of its names. */
  with(changed: ReadonlyMap<string, Column>): Table {
    if (changed.size === 0) return this;
    return new Table(new Map([...this.columns, ...changed]), this.source, this.rows, this.#origin);
  }

  /**
   * Some columns, in the given order.
   * @throws {DataError} for one that it has not.
   */
  select(names: readonly string[]): Table {
    return new Table(new Map(names.map((name) => [name, this.column(name)])), this.source, this.rows, this.#origin);
  }

  /**
   * Some rows, by their numbers from 0, in the given order.
   * @throws {ArgumentError} for one that it has not.
   */
  take(rows: ArrayLike<number>): Table {
    check('take', 'rows', rows, numbers);
    for (let index = 0; index < rows.length; index++)
      if (!aCount.holds(rows[index]) || (rows[index] as number) >= this.rows)
        throw new ArgumentError('take', `there is no row ${describe(rows[index])}; there are ${this.rows}, from 0`);
    const taken = [...this.columns].map(([name, column]) => [name, takeRows(column, rows)] as const);
    const origin = Int32Array.from(rows, (row) => this.rowNumber(row) - 1);
    return new Table(new Map(taken), this.source, rows.length, origin);
  }

  /** The values of a row by their columns; null where one is missing. */
  row(index: number): Readonly<Record<string, Cell>> {
    return Object.fromEntries([...this.columns].map(([name, column]) => [name, cellOf(column, index)]));
  }
}
