/**
 * Fields of CSV by their places in a buffer, record by record. Source: RFC 4180; beyond it, a lone carriage return ends a record too,
 * lines without anything are skipped, and a quote within a field that began without one is a character like others.
 */
import { FormatError } from '@espalier/nn';
import { LatinText } from './latin-text.ts';

const [lineFeed, carriageReturn, quote] = [10, 13, 34];

/** Records of which all have the same number of fields. */
export interface Records {
  readonly bytes: Uint8Array;
  /** The same as text. */
  readonly latin: LatinText;
  /** Where fields begin, record by record. */
  readonly starts: Int32Array;
  /** Where they end; `~end` of a quoted field within which quotes are doubled. */
  readonly ends: Int32Array;
  /** Fields of a record. */
  readonly width: number;
  readonly count: number;
  /** The name of the source, and the offset in it of the first byte of the buffer: for errors. */
  readonly place: ScanPlace;
}

/** Who is given records; they are overwritten afterwards. */
export type RecordSink = (records: Records) => void;

/** Fields that are collected before they are passed on; a record is always whole. */
const fieldsAtOnce = 1 << 15;

/** No table has more columns: a binary file of commas must not take all memory. */
export const mostColumns: number = 1 << 17;

/** A quote that is not closed is noticed after so many bytes. */
export const longestRecord: number = 1 << 26;

/** Where in a source the scanner is, for errors. */
export interface ScanPlace {
  readonly source: string;
  /** The offset of the first byte of the buffer. */
  readonly offset: number;
  readonly isLast: boolean;
}

/** Finds the fields of buffers that follow each other. */
export class CsvScanner {
  readonly #delimiter: number;
  readonly #sink: RecordSink;
  #starts = new Int32Array(fieldsAtOnce);
  #ends = new Int32Array(fieldsAtOnce);
  #fields = 0;
  #width: number;
  #records = 0;
  /** The text of the buffer at hand. */
  #latin: LatinText | undefined;
  /** Records that were passed on. */
  #done = 0;
  /** The number that the first record has in errors: 0 of one that may be a header. */
  readonly #firstRow: number;

  /** `width` is how many fields each record must have; 0 takes that of the first. */
  constructor(delimiter: number, width: number, firstRow: number, sink: RecordSink) {
    this.#delimiter = delimiter;
    this.#width = width;
    this.#firstRow = firstRow;
    this.#sink = sink;
  }

  /** Fields of a record; 0 before there was one. */
  get width(): number {
    return this.#width;
  }

  #rowName(): string {
    const row = this.#firstRow + this.#done + this.#records;
    return row === 0 ? 'the first record' : `row ${row}`;
  }

  /** One more field. */
  #push(start: number, end: number): void {
    if (this.#fields === this.#starts.length) {
      const [starts, ends] = [this.#starts, this.#ends];
      this.#starts = new Int32Array(2 * starts.length);
      this.#ends = new Int32Array(2 * starts.length);
      this.#starts.set(starts);
      this.#ends.set(ends);
    }
    this.#starts[this.#fields] = start;
    this.#ends[this.#fields++] = end;
  }

  /** Passes on what was collected. */
  flush(bytes: Uint8Array, place: ScanPlace): void {
    if (this.#records === 0) return;
    this.#latin ??= new LatinText(bytes);
    this.#sink({
      bytes,
      latin: this.#latin,
      starts: this.#starts,
      ends: this.#ends,
      width: this.#width,
      count: this.#records,
      place,
    });
    this.#done += this.#records;
    this.#fields = this.#records = 0;
  }

  /** @throws {FormatError} for a record of another width than the others. */
  #endRecord(bytes: Uint8Array, firstField: number, recordStart: number, place: ScanPlace): void {
    const width = this.#fields - firstField;
    if (this.#width === 0) this.#width = width;
    if (width !== this.#width)
      throw new FormatError(
        place.source,
        place.offset + recordStart,
        `${this.#rowName()} has ${width} field${width === 1 ? '' : 's'}; the others have ${this.#width}. Is the delimiter right, and is a field that has it in quotes?`,
      );
    this.#records++;
    if (this.#fields >= fieldsAtOnce) this.flush(bytes, place);
  }

  /**
   * Goes through a buffer, and gives where the first record begins that is not whole in it. Of the last buffer there is none.
   * @throws {FormatError} with the place of a quote that is not closed or that more than a delimiter follows, of a record of
   * another width, and of one that is too wide.
   */
  scan(bytes: Uint8Array, length: number, place: ScanPlace): number {
    let at = 0;
    this.#latin = undefined;
    while (at < length) {
      const first = bytes[at] as number;
      if (first === lineFeed || first === carriageReturn) {
        at++;
        continue;
      }
      const next = this.record(bytes, at, length, place);
      if (next < 0) break;
      at = next;
    }
    this.flush(bytes, place);
    return at;
  }

  /**
   * One record from a place on, at which no line ends: where the next one begins, or -1 where it is not whole.
   * @throws {FormatError} as `scan` does.
   */
  record(bytes: Uint8Array, recordStart: number, length: number, place: ScanPlace): number {
    const firstField = this.#fields;
    const delimiter = this.#delimiter;
    let at = recordStart;
    for (;;) {
      if (at < length && bytes[at] === quote) {
        at = this.#quoted(bytes, at, length, place);
        if (at < 0) break;
      } else {
        const start = at;
        let byte = -1;
        while (
          at < length &&
          (byte = bytes[at] as number) !== delimiter &&
          byte !== lineFeed &&
          byte !== carriageReturn
        )
          at++;
        this.#push(start, at);
      }
      if (at === length) {
        if (!place.isLast) break;
        this.#endRecord(bytes, firstField, recordStart, place);
        return at;
      }
      if (bytes[at] !== delimiter) {
        // A line feed after a carriage return is skipped as a line without anything.
        this.#endRecord(bytes, firstField, recordStart, place);
        return at + 1;
      }
      at++;
      if (this.#fields - firstField > mostColumns)
        throw new FormatError(
          place.source,
          place.offset + at,
          `${this.#rowName()} has more than ${mostColumns} fields; is this CSV?`,
        );
    }
    this.#fields = firstField;
    return -1;
  }

  /** A field in quotes: where it ends, behind its quote, or -1 where it is not whole. */
  #quoted(bytes: Uint8Array, opening: number, length: number, place: ScanPlace): number {
    let isDoubled = false;
    let at = opening + 1;
    for (;;) {
      while (at < length && bytes[at] !== quote) at++;
      if (at + 1 >= length && !place.isLast) return -1;
      if (at >= length)
        throw new FormatError(
          place.source,
          place.offset + opening,
          `${this.#rowName()} begins a quote here that is not closed`,
        );
      if (bytes[at + 1] !== quote || at + 1 >= length) break;
      isDoubled = true;
      at += 2;
    }
    this.#push(opening + 1, isDoubled ? ~at : at);
    const after = at + 1 < length ? bytes[at + 1] : lineFeed;
    if (after !== this.#delimiter && after !== lineFeed && after !== carriageReturn)
      throw new FormatError(
        place.source,
        place.offset + at + 1,
        `${this.#rowName()} goes on behind the quote that closes a field; a quote within one is written twice`,
      );
    return at + 1;
  }
}
