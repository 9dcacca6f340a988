/** Arrays that grow while a table of unknown length is read. */

/** What is made for each column is small: a file of commas has very many. */
const fewest = 16;
const none = new Float64Array(0);

/** Numbers: i32 until one does not fit, f64 from then on. */
export class GrowingNumbers {
  #integers: Int32Array | undefined;
  #floats = none;
  #length: number;

  /** Begins with so many zeros; `expected` is how many numbers there will be, where that is known. */
  constructor(length = 0, expected = 0) {
    this.#integers = new Int32Array(Math.max(fewest, expected === 0 ? 2 * length : expected));
    this.#length = length;
  }

  /** One more; `isInt32` is whether it is an integer that fits. */
  push(value: number, isInt32: boolean): void {
    const integers = this.#integers;
    if (integers !== undefined && isInt32) {
      if (this.#length === integers.length) this.#growIntegers(integers);
      (this.#integers as Int32Array)[this.#length++] = value;
      return;
    }
    if (integers !== undefined) {
      this.#floats = new Float64Array(integers);
      this.#integers = undefined;
    }
    if (this.#length === this.#floats.length) {
      const next = new Float64Array(2 * this.#length);
      next.set(this.#floats);
      this.#floats = next;
    }
    this.#floats[this.#length++] = value;
  }

  #growIntegers(integers: Int32Array): void {
    this.#integers = new Int32Array(2 * this.#length);
    this.#integers.set(integers);
  }

  /** What was pushed, in an array of its own. */
  finish(): Int32Array | Float64Array {
    const all = this.#integers ?? this.#floats;
    return all.length === this.#length ? all : all.slice(0, this.#length);
  }
}

/** Marks of rows: none are held before there is one. */
export class GrowingMarks {
  #marks: Uint8Array | undefined;

  /** Marks a row. */
  mark(row: number): void {
    this.#marks ??= new Uint8Array(Math.max(256, 2 * row));
    if (row >= this.#marks.length) {
      const next = new Uint8Array(2 * row);
      next.set(this.#marks);
      this.#marks = next;
    }
    this.#marks[row] = 1;
  }

  /** A byte for each of so many rows; undefined where none is marked. */
  finish(rows: number): Uint8Array | undefined {
    if (!this.#marks) return undefined;
    const marks = new Uint8Array(rows);
    marks.set(this.#marks.subarray(0, rows));
    return marks;
  }
}

/** Bytes of the longest text that is looked up. */
const longest = 48;

/**
 * Texts that come again and again, by their bytes: of a column of categories each is decoded once and held once. One place for each
 * hash, so that it never grows.
 */
export class TextCache {
  #texts: (string | undefined)[] | undefined;

  /** The place of a text in the cache; -1 where it is none for it. */
  placeOf(bytes: Uint8Array, start: number, end: number): number {
    if (end - start > longest || end < 0) return -1;
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
    return (hash ^ (hash >>> 15)) & 1023;
  }

  /** The text of some bytes, if it is there. Only texts of ASCII are. */
  get(place: number, bytes: Uint8Array, start: number, end: number): string | undefined {
    const text = this.#texts?.[place];
    if (text === undefined || text.length !== end - start) return undefined;
    for (let index = 0; index < text.length; index++)
      if (text.charCodeAt(index) !== bytes[start + index]) return undefined;
    return text;
  }

  /** Keeps a text. */
  set(place: number, text: string): void {
    this.#texts ??= new Array<string | undefined>(1024);
    this.#texts[place] = text;
  }
}
