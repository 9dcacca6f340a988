/** Values of a column as texts and their counts: what categories and classes are told by. */
import { cellOf, type Column } from '../table/column.ts';

/** A value and how many rows have it. */
export interface ValueCount {
  readonly value: string;
  readonly count: number;
}

/** A cell as the text that stands for it among categories; undefined where it is missing. */
export function categoryOf(column: Column, row: number): string | undefined {
  const cell = cellOf(column, row);
  return cell === null ? undefined : String(cell);
}

/** Orders texts: numbers by size where all are numbers, else by code units, the same in every place and language. */
export function inOrderOfValues(values: readonly string[]): string[] {
  const areNumbers = values.every((value) => value.trim() !== '' && !Number.isNaN(Number(value)));
  return values.toSorted((a, b) =>
    areNumbers && Number(a) !== Number(b) ? Number(a) - Number(b) : a < b ? -1 : a > b ? 1 : 0,
  );
}
