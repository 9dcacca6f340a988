/**
 * A column of values of any kind, as JSON, Parquet and Arrow give them, one after another: what is held is what the column will hold, since
 * a list of values takes sixteen times as much.
 */
import { describe } from '@espalier/tensor/arguments';
import { DataError } from '../errors.ts';
import type { Cell, Column, ColumnType } from './column.ts';
import { GrowingMarks, GrowingNumbers } from './growing.ts';

/** A value as a cell: integers of 64 bits that no double holds become text, dates their ISO form; undefined for what is none. */
function cellFrom(value: unknown): Cell | undefined {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  return undefined;
}

const typeOf = (cell: Cell): ColumnType =>
  typeof cell === 'string' ? 'text' : typeof cell === 'boolean' ? 'boolean' : 'number';

/**
 * Takes the values of one column: numbers, texts or truth values; null, undefined and NaN are missing ones. Numbers among texts become
 * texts only where they are integers too large for a double.
 */
export class CellsBuilder {
  readonly #source: string;
  readonly #name: string;
  readonly #expected: number;
  #type: ColumnType | undefined;
  /** Whether all numbers are held by doubles. */
  #isExact = true;
  #rows = 0;
  #numbers = new GrowingNumbers();
  #truths = new GrowingMarks();
  #texts: string[] = [];
  readonly #missing = new GrowingMarks();

  /** `source` and `name` are for errors; `expected` is how many values will come, where that is known. */
  constructor(source: string, name: string, expected = 0) {
    this.#source = source;
    this.#name = name;
    this.#expected = expected;
  }

  /**
   * One more value.
   * @throws {DataError} naming the row, for a value of another type than those before it, and for one that is no single value.
   */
  push(value: unknown): void {
    const cell = cellFrom(value);
    if (cell === undefined) return this.#refuse(`${describe(value)} is no number, text or truth value`);
    if (cell === null) return this.#pushMissing();
    const isLarge = typeof value === 'bigint' && typeof cell === 'string';
    const type = isLarge ? 'number' : typeOf(cell);
    if (this.#type === undefined) this.#begin(type);
    else if (this.#type !== type)
      this.#refuse(
        `${describe(value)} is a ${type}, and what stands above it a ${this.#type}; write one type in a column`,
      );
    if (isLarge && this.#isExact) this.#writeOut();
    if (Number.isNaN(cell)) this.#missing.mark(this.#rows);
    if (type === 'boolean') {
      if (cell === true) this.#truths.mark(this.#rows);
    } else if (type === 'text' || !this.#isExact) this.#texts.push(String(cell));
    else this.#numbers.push(cell as number, cell === ((cell as number) | 0));
    this.#rows++;
  }

  /** Marks rows as missing, until there are so many. */
  fill(rows: number): void {
    while (this.#rows < rows) this.#pushMissing();
  }

  #refuse(problem: string): never {
    throw new DataError(this.#source, { row: this.#rows + 1, column: this.#name }, problem);
  }

  /** Before the first value nothing is held but marks. */
  #begin(type: ColumnType): void {
    this.#type = type;
    if (type === 'number') this.#numbers = new GrowingNumbers(this.#rows, this.#expected);
    else if (type === 'text') this.#texts = new Array<string>(this.#rows).fill('');
  }

  #pushMissing(): void {
    this.#missing.mark(this.#rows++);
    if (this.#type === 'text' || (this.#type === 'number' && !this.#isExact)) this.#texts.push('');
    else if (this.#type === 'number') this.#numbers.push(0, true);
  }

  /** Makes texts of the numbers. */
  #writeOut(): void {
    this.#isExact = false;
    const gone = this.#missing.finish(this.#rows);
    this.#texts = Array.from(this.#numbers.finish(), (value, row) => (gone?.[row] === 1 ? '' : String(value)));
    this.#numbers = new GrowingNumbers();
  }

  /** What was taken. */
  finish(): Column {
    const missing = this.#missing.finish(this.#rows);
    if (this.#type === 'boolean')
      return { type: 'boolean', values: this.#truths.finish(this.#rows) ?? new Uint8Array(this.#rows), missing };
    if (this.#type === 'text' || !this.#isExact) return { type: 'text', values: this.#texts, missing };
    const values = this.#type === undefined ? new Int32Array(this.#rows) : this.#numbers.finish();
    if (missing && values instanceof Float64Array)
      for (let row = 0; row < values.length; row++) if (missing[row] === 1) values[row] = NaN;
    return { type: 'number', values, missing };
  }
}
