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

const day = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?(\.\d+)?(?:Z|\+00:00)?)?$/;

/** A moment in one way, however it was written: files of one format have `2020-01-31` where those of another have `2020-01-31T00:00:00.000Z`. */
function momentOf(text: string): string | undefined {
  const [, date, minutes = '00:00', seconds = ':00', fraction = ''] = day.exec(text) ?? [];
  return date === undefined ? undefined : `${date} ${minutes}${seconds}${fraction.replace(/\.?0+$/, '')}`;
}

/** Where texts are in a list: as they are, or as the same moment where one alone is it; -1 of others. */
export function placesIn(values: readonly string[]): (value: string) => number {
  const places = new Map(values.map((value, index) => [value, index]));
  const moments = new Map<string, number>();
  for (const [index, value] of values.entries()) {
    const moment = momentOf(value);
    if (moment !== undefined) moments.set(moment, moments.has(moment) ? -1 : index);
  }
  return (value) => places.get(value) ?? (moments.size > 0 ? (moments.get(momentOf(value) ?? '') ?? -1) : -1);
}

/** Orders texts: numbers by size where all are numbers, else by code units, the same in every place and language. */
export function inOrderOfValues(values: readonly string[]): string[] {
  const areNumbers = values.every((value) => value.trim() !== '' && !Number.isNaN(Number(value)));
  return values.toSorted((a, b) =>
    areNumbers && Number(a) !== Number(b) ? Number(a) - Number(b) : a < b ? -1 : a > b ? 1 : 0,
  );
}
