/** A column as numbers, whatever it was read as: truth values are 1 and 0, and texts the numbers that they write. */
import { show } from '@espalier/tensor/arguments';
import { DataError } from '../errors.ts';
import type { Column, NumberColumn } from './column.ts';

/** The column that is meant, for whoever names its rows in errors. */
export interface ColumnPlace {
  readonly source: string;
  readonly name: string;
  /** The number of a row as errors name it. */
  readonly rowNumber: (row: number) => number;
}

/** A number as it is written in a table; NaN of any other text. */
export function numberIn(text: string): number {
  const word = text.trim();
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu.test(word)) return Number(word);
  const [, sign] = /^([+-]?)inf(?:inity)?$/iu.exec(word) ?? [];
  return sign === undefined ? NaN : sign === '-' ? -Infinity : Infinity;
}

/**
 * The numbers of a column.
 * @throws {DataError} naming the row and the column of a text that is no number.
 */
export function columnAsNumbers(column: Column, { source, name, rowNumber }: ColumnPlace): NumberColumn {
  if (column.type === 'number') return column;
  const { missing } = column;
  if (column.type === 'boolean') return { type: 'number', values: Int32Array.from(column.values), missing };
  const values = Float64Array.from(column.values, (text, row) => {
    if (missing?.[row] === 1) return NaN;
    const number = numberIn(text);
    if (!Number.isNaN(number)) return number;
    throw new DataError(
      source,
      { row: rowNumber(row), column: name },
      `${show(text)} is no number, and the column is one of numbers; correct it, or leave the cell empty`,
    );
  });
  const areInt32 = values.every((value, row) => missing?.[row] === 1 || value === (value | 0));
  return { type: 'number', values: areInt32 ? Int32Array.from(values) : values, missing };
}
