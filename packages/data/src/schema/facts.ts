/**
 * What is known of a column without its values: all that schemas and preparations are made of. It is gathered a part of the table at a
 * time, so that it is the same of a table in memory and of one that is larger.
 */
import { encodeUtf8 } from '@espalier/nn/format';
import { columnAsNumbers } from '../table/as-numbers.ts';
import { cellOf, missingIn, type Cell, type Column, type ColumnType, type TextColumn } from '../table/column.ts';
import { Distinct } from './distinct.ts';
import { joinSummaries, noNumbers, presentNumbers, summarize, type NumberSummary } from './numbers.ts';
import { inOrderOfValues, type ValueCount } from './values.ts';

/** A value and the number of its row, from 1. */
export interface PlacedCell {
  readonly row: number;
  readonly cell: Cell;
}

/** What is known of texts. */
export interface TextFacts {
  /** Whether all look like days. */
  readonly areDates: boolean;
  /** How many have blanks within. */
  readonly withBlanks: number;
  /** Bytes of the longest one, in UTF-8; of one of more than 128 characters 128. */
  readonly longest: number;
}

/** A column without its values. */
export interface ColumnFacts {
  /** Where the table came from, for errors. */
  readonly source: string;
  readonly name: string;
  readonly type: ColumnType;
  readonly rows: number;
  readonly missing: number;
  /** Its values with their counts, in order, where there are not too many. */
  readonly values?: readonly ValueCount[];
  /** Of numbers and of truth values, which are 1 and 0. */
  readonly numbers: NumberSummary;
  /** Whether all numbers are integers that fit i32. */
  readonly areIntegers: boolean;
  /** Whether no integer came twice, where none is missing. */
  readonly areDistinct: boolean;
  readonly texts: TextFacts;
  /** The first value that is there, the first that is missing, and the first number that is not finite. */
  readonly first?: PlacedCell;
  readonly firstMissing?: PlacedCell;
  readonly firstInfinite?: PlacedCell;
  /** The numbers that are there, of a column that is at hand. */
  readonly present?: () => Float64Array;
}

/** A part of a column, as it is gathered. */
export interface ColumnPart {
  readonly column: Column;
  readonly rows: number;
  /** The number of a row as errors name it. */
  readonly rowNumber: (row: number) => number;
}

const dates = [/^\d{4}-\d{1,2}-\d{1,2}(?:[T ]\d{1,2}:\d{2}.*)?$/, /^\d{1,2}([./-])\d{1,2}\1(?:\d{2}|\d{4})(?: .*)?$/];

/** Texts of more characters count as so many bytes. */
const longTexts = 128;

/** What some texts come to, each so often. */
class TextGatherer {
  #areDates = true;
  #withBlanks = 0;
  #longest = 1;

  take(text: string, count: number): void {
    this.#areDates &&= dates.some((date) => date.test(text));
    if (/\S\s+\S/.test(text)) this.#withBlanks += count;
    if (this.#longest < longTexts)
      this.#longest = Math.max(this.#longest, text.length < longTexts ? encodeUtf8(text).length : longTexts);
  }

  finish(): TextFacts {
    return { areDates: this.#areDates, withBlanks: this.#withBlanks, longest: Math.min(this.#longest, longTexts) };
  }
}

/** Takes the parts of a column, one after the other. */
export class ColumnGatherer {
  readonly #source: string;
  readonly #name: string;
  readonly #type: ColumnType;
  readonly #most: number;
  #rows = 0;
  #missing = 0;
  #counts: Map<Cell, number> | undefined = new Map();
  #numbers: NumberSummary = noNumbers;
  #distinct: Distinct | undefined = new Distinct();
  #areIntegers = true;
  /** Of texts that were too many to be counted. */
  readonly #texts = new TextGatherer();
  #first: PlacedCell | undefined;
  #firstMissing: PlacedCell | undefined;
  #firstInfinite: PlacedCell | undefined;

  /** `most` is how many different values are told apart. */
  constructor(source: string, name: string, type: ColumnType, most: number) {
    this.#source = source;
    this.#name = name;
    this.#type = type;
    this.#most = most;
  }

  /** Takes a part. */
  take({ column, rows, rowNumber }: ColumnPart): void {
    const missing = missingIn(column);
    const placed = (row: number): PlacedCell => ({ row: rowNumber(row), cell: cellOf(column, row) });
    if (missing > 0) this.#firstMissing ??= placed((column.missing as Uint8Array).indexOf(1));
    if (missing < rows && !this.#first) this.#first = placed(column.missing ? column.missing.indexOf(0) : 0);
    this.#rows += rows;
    this.#missing += missing;
    this.#count(column, rows);
    if (column.type === 'text') return;
    const numbers = columnAsNumbers(column, { source: this.#source, name: this.#name, rowNumber });
    if (!(numbers.values instanceof Int32Array)) {
      this.#areIntegers = false;
      for (let row = 0; row < rows && !this.#firstInfinite; row++)
        if (column.missing?.[row] !== 1 && !Number.isFinite(numbers.values[row])) this.#firstInfinite = placed(row);
    }
    this.#numbers = joinSummaries(this.#numbers, summarize(presentNumbers(numbers)));
    if (this.#missing > 0 || !(numbers.values instanceof Int32Array)) this.#distinct = undefined;
    else {
      this.#distinct?.take(numbers.values);
      if (this.#distinct?.areAll === false) this.#distinct = undefined;
    }
  }

  /** Counts values while they are few; of texts that are not, looks at each. */
  #count(column: Column, rows: number): void {
    for (let row = 0; row < rows; row++) {
      if (column.missing?.[row] === 1) continue;
      const counts = this.#counts;
      if (counts) {
        const value = column.values[row] as Cell;
        counts.set(value, (counts.get(value) ?? 0) + 1);
        if (counts.size > this.#most) this.#giveUp(counts);
      } else if (column.type === 'text') this.#texts.take((column satisfies TextColumn).values[row] as string, 1);
      else return;
    }
  }

  #giveUp(counts: ReadonlyMap<Cell, number>): void {
    if (this.#type === 'text') for (const [text, count] of counts) this.#texts.take(text as string, count);
    this.#counts = undefined;
  }

  /** What was gathered. `present` is of a column that was taken as a whole. */
  finish(present?: () => Float64Array): ColumnFacts {
    const texts = this.#counts && this.#type === 'text' ? new TextGatherer() : this.#texts;
    if (texts !== this.#texts) for (const [text, count] of this.#counts ?? []) texts.take(text as string, count);
    return {
      source: this.#source,
      name: this.#name,
      type: this.#type,
      rows: this.#rows,
      missing: this.#missing,
      ...(this.#counts && { values: this.#valuesOf(this.#counts) }),
      numbers: this.#numbers,
      areIntegers: this.#type === 'number' && this.#areIntegers,
      areDistinct: this.#distinct !== undefined,
      texts: texts.finish(),
      ...(this.#first && { first: this.#first }),
      ...(this.#firstMissing && { firstMissing: this.#firstMissing }),
      ...(this.#firstInfinite && { firstInfinite: this.#firstInfinite }),
      ...(present && { present }),
    };
  }

  #valuesOf(counts: ReadonlyMap<Cell, number>): readonly ValueCount[] {
    // Truth values are held as 1 and 0.
    const textOf = (value: Cell): string => String(this.#type === 'boolean' ? value === 1 : value);
    const byText = new Map([...counts].map(([value, count]) => [textOf(value), count]));
    return inOrderOfValues([...byText.keys()]).map((value) => ({ value, count: byText.get(value) as number }));
  }
}

/** What is known of a column that is at hand. */
export function factsOf(
  part: ColumnPart & { readonly source: string; readonly name: string },
  most: number,
): ColumnFacts {
  const gatherer = new ColumnGatherer(part.source, part.name, part.column.type, most);
  gatherer.take(part);
  return gatherer.finish();
}
