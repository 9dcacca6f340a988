/**
 * A column in the making. Its type is that of the first value, as long as all others are of it; else it is text, and the file is read
 * again for what was taken for a number: `007` and `7` are different texts.
 */
import { FormatError } from '@espalier/nn';
import { brief } from '@espalier/tensor/arguments';
import { showPlace } from '../../errors.ts';
import type { Column, ColumnType } from '../column.ts';
import { flawOf, readNumber, readText, readTruth, seen } from './fields.ts';
import { GrowingMarks, GrowingNumbers, TextCache } from '../growing.ts';
import type { MissingFields } from './missing.ts';
import type { Records } from './scanner.ts';

/** What is known of a column before it is read. */
export interface ColumnPlan {
  readonly name: string;
  /** Its place in the records. */
  readonly index: number;
  /** What it must be; undefined where that is to be found out. */
  readonly type: ColumnType | undefined;
  readonly missing: MissingFields;
  /** Whether values are kept, or only looked at for their type. */
  readonly keeps: boolean;
  /** The number of the first row, for errors. */
  readonly firstRow: number;
}

/** Takes the fields of one column. */
export class ColumnBuilder {
  readonly plan: ColumnPlan;
  #type: ColumnType | undefined;
  /** Whether what went before was of another type than what came then. */
  #isTorn = false;
  /** Whether there was an integer that no double holds, and a number with a point or an exponent. */
  readonly #written = { isLong: false, isFraction: false };
  #rows = 0;
  #numbers = new GrowingNumbers();
  #texts: string[] = [];
  #missing = new GrowingMarks();
  readonly #cache = new TextCache();

  constructor(plan: ColumnPlan) {
    this.plan = plan;
    this.#type = plan.type;
  }

  /** What the values that were seen are; numbers, where there was none. */
  get type(): ColumnType {
    return this.#isOfDigits ? 'text' : (this.#type ?? 'number');
  }

  /** Whether the column has to be read again, as text. */
  get isTorn(): boolean {
    return this.#isTorn || this.#isOfDigits;
  }

  /** Whether what was read as numbers are digits that none of them holds, with nothing beside them that measures. */
  get #isOfDigits(): boolean {
    const { isLong, isFraction } = this.#written;
    return this.plan.type === undefined && this.#type === 'number' && isLong && !isFraction;
  }

  /**
   * The column of one type: the fields of some records.
   * @throws {FormatError} naming row and column, for a value that is not of the type that was asked for, and for text that is not UTF-8.
   */
  take(records: Records): void {
    const { starts, ends, bytes, width, count } = records;
    const { index, missing } = this.plan;
    for (let record = 0; record < count; record++) {
      const field = record * width + index;
      const [start, end] = [starts[field] as number, ends[field] as number];
      if (end >= 0 && missing.has(bytes, start, end)) this.#takeMissing();
      else if (this.#type === 'number') this.#takeNumber(records, start, end);
      else if (this.#type === 'text') this.#takeText(records, start, end);
      else if (this.#type === 'boolean') this.#takeTruth(records, start, end);
      else this.#takeFirst(records, start, end);
      this.#rows++;
    }
  }

  #takeMissing(): void {
    if (!this.plan.keeps) return;
    this.#missing.mark(this.#rows);
    if (this.#type === 'text') this.#texts.push('');
    // Before the first value nothing is held: a field that is empty takes a byte in the file.
    else if (this.#type !== undefined) this.#numbers.push(0, true);
  }

  /** The first value that is not missing: its type is that of the column. */
  #takeFirst(records: Records, start: number, end: number): void {
    const number = end < 0 ? NaN : readNumber(records.bytes, start, end, records.latin);
    const isNumber = !Number.isNaN(number) && !seen.isCode;
    this.#type = isNumber ? 'number' : readTruth(records.bytes, start, end) >= 0 ? 'boolean' : 'text';
    if (this.plan.keeps) this.#numbers = new GrowingNumbers(this.#rows);
    if (this.#type === 'number') this.#takeNumber(records, start, end);
    else if (this.#type === 'boolean') this.#takeTruth(records, start, end);
    else {
      // All before it was missing, and is '' as text.
      if (this.plan.keeps) this.#texts = new Array<string>(this.#rows).fill('');
      this.#takeText(records, start, end);
    }
  }

  #takeNumber(records: Records, start: number, end: number): void {
    const value = end < 0 ? NaN : readNumber(records.bytes, start, end, records.latin);
    if (Number.isNaN(value) || (seen.isCode && this.plan.type === undefined)) this.#tear(records, start, end);
    else {
      this.#written.isLong ||= seen.isLong;
      this.#written.isFraction ||= seen.isFraction;
      if (this.plan.keeps) this.#numbers.push(value, seen.isInt32);
    }
  }

  #takeTruth(records: Records, start: number, end: number): void {
    let truth = readTruth(records.bytes, start, end);
    if (truth < 0 && this.plan.type !== undefined && end - start === 1) {
      // Where truth values were asked for, 1 and 0 are some.
      const digit = (records.bytes[start] as number) - 48;
      if (digit === 0 || digit === 1) truth = digit;
    }
    if (truth < 0) this.#tear(records, start, end);
    else if (this.plan.keeps) this.#numbers.push(truth, true);
  }

  #takeText(records: Records, start: number, end: number): void {
    const { bytes } = records;
    if (!this.plan.keeps) {
      const flaw = flawOf(bytes, start, end);
      if (flaw >= 0) this.#refuseBytes(bytes, flaw, records.place);
      return;
    }
    const place = this.#cache.placeOf(bytes, start, end);
    const known = place < 0 ? undefined : this.#cache.get(place, bytes, start, end);
    if (known !== undefined) {
      this.#texts.push(known);
      return;
    }
    const text = this.#textOf(records, start, end);
    if (place >= 0) this.#cache.set(place, text);
    this.#texts.push(text);
  }

  #textOf({ bytes, latin, place }: Records, start: number, end: number): string {
    const text = readText(bytes, start, end, latin);
    if (typeof text === 'string') return text;
    return this.#refuseBytes(bytes, text, place);
  }

  #refuseBytes(bytes: Uint8Array, at: number, place: Records['place']): never {
    throw new FormatError(
      place.source,
      place.offset + at,
      `${this.#placeName()}: a byte of ${bytes[at]} is not UTF-8 here; save the file in UTF-8`,
    );
  }

  #placeName(): string {
    return showPlace({ row: this.plan.firstRow + this.#rows, column: this.plan.name });
  }

  /** A value of another type than those before. */
  #tear(records: Records, start: number, end: number): void {
    if (this.plan.type !== undefined) {
      const text = this.#textOf(records, start, end);
      throw new FormatError(
        records.place.source,
        records.place.offset + start,
        `${this.#placeName()}: '${brief(text)}' is no ${this.plan.type}; correct it, name it in missing, or read the column as text`,
      );
    }
    this.#type = 'text';
    this.#isTorn = true;
    this.#numbers = new GrowingNumbers();
    this.#missing = new GrowingMarks();
    this.#takeText(records, start, end);
  }

  /** What was taken. */
  finish(): Column {
    const missing = this.#missing.finish(this.#rows);
    if (this.#type === 'text') return { type: 'text', values: this.#texts, missing };
    const values = this.#type === undefined ? new Int32Array(this.#rows) : this.#numbers.finish();
    if (this.#type === 'boolean') return { type: 'boolean', values: Uint8Array.from(values), missing };
    if (missing && values instanceof Float64Array)
      for (const [row, gone] of missing.entries()) if (gone === 1) values[row] = NaN;
    return { type: 'number', values, missing };
  }
}
