/**
 * Tables of a FlatBuffers message, every part of which is looked for within the message only. Source: "FlatBuffers internals", Google.
 */
import { FormatError } from '@espalier/nn';
import { textOrPlace } from '../../../bytes/utf8.ts';

/** The bytes of one message. */
export class FlatMessage {
  /** What is read, for errors. */
  readonly source: string;
  /** Where the message begins in the file. */
  readonly offset: number;
  readonly view: DataView;
  /** How many bytes of texts may be read yet: what names the same bytes again and again would take more than the file. */
  #textLeft: number;

  constructor(source: string, bytes: Uint8Array, offset: number) {
    this.source = source;
    this.offset = offset;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#textLeft = bytes.length;
  }

  /** @throws {FormatError} at a place of the message. */
  refuse(at: number, problem: string): never {
    throw new FormatError(this.source, this.offset + at, problem);
  }

  /** @throws {FormatError} for bytes that are not in the message. */
  hold(at: number, length: number, what: string): void {
    if (!(at >= 0 && at + length <= this.view.byteLength))
      this.refuse(
        Math.min(Math.max(at, 0), this.view.byteLength),
        `${what} of ${length} bytes is not within the ${this.view.byteLength} bytes of its message`,
      );
  }

  /** Where a reference leads. */
  follow(at: number): number {
    this.hold(at, 4, 'a reference');
    return at + this.view.getUint32(at, true);
  }

  /** The table that the message is. */
  root(): FlatTable {
    return new FlatTable(this, this.follow(0));
  }

  /** The text that begins with its length. */
  textAt(at: number): string {
    this.hold(at, 4, 'the length of a text');
    const length = this.view.getUint32(at, true);
    this.hold(at + 4, length, 'a text');
    this.#textLeft -= length;
    if (this.#textLeft < 0) this.refuse(at, 'has the same texts again and again');
    const text = textOrPlace(new Uint8Array(this.view.buffer, this.view.byteOffset + at + 4, length));
    return typeof text === 'string' ? text : this.refuse(at + 4, 'has a name that is not UTF-8');
  }

  /** A whole number of 64 bits that counts bytes or values. */
  countAt(at: number, what: string): number {
    const value = this.view.getBigInt64(at, true);
    const count = Number(value);
    return value >= 0n && Number.isSafeInteger(count) ? count : this.refuse(at, `${what} is ${value}`);
  }
}

/** A list of parts of one size. */
export interface FlatList {
  /** Where its first part is in the message. */
  readonly at: number;
  readonly length: number;
}

/** One table of a message: fields by their number, which may be left out. */
export class FlatTable {
  readonly message: FlatMessage;
  readonly #at: number;
  readonly #fields: number;
  readonly #fieldCount: number;
  readonly #size: number;

  constructor(message: FlatMessage, at: number) {
    const { view } = message;
    message.hold(at, 4, 'a table');
    const fields = at - view.getInt32(at, true);
    message.hold(fields, 4, 'the layout of a table');
    const [length, size] = [view.getUint16(fields, true), view.getUint16(fields + 2, true)];
    if (length < 4) message.refuse(fields, `has a layout of ${length} bytes`);
    message.hold(fields, length, 'the layout of a table');
    message.hold(at, size, 'a table');
    this.message = message;
    this.#at = at;
    this.#fields = fields;
    this.#fieldCount = (length - 4) >> 1;
    this.#size = size;
  }

  /** @throws {FormatError} at the table. */
  refuse(problem: string): never {
    return this.message.refuse(this.#at, problem);
  }

  /** Where a field of so many bytes is; undefined where it is left out. */
  #place(field: number, bytes: number): number | undefined {
    const offset = field < this.#fieldCount ? this.message.view.getUint16(this.#fields + 4 + 2 * field, true) : 0;
    if (offset === 0) return undefined;
    if (offset + bytes > this.#size) this.refuse(`field ${field} is not within its table of ${this.#size} bytes`);
    return this.#at + offset;
  }

  /** A number of 8 bits without a sign, which truth values are too. */
  u8(field: number, standard = 0): number {
    const at = this.#place(field, 1);
    return at === undefined ? standard : this.message.view.getUint8(at);
  }

  /** A number of 16 bits. */
  i16(field: number, standard = 0): number {
    const at = this.#place(field, 2);
    return at === undefined ? standard : this.message.view.getInt16(at, true);
  }

  /** A number of 32 bits. */
  i32(field: number, standard = 0): number {
    const at = this.#place(field, 4);
    return at === undefined ? standard : this.message.view.getInt32(at, true);
  }

  /** A number of 64 bits. */
  i64(field: number): bigint {
    const at = this.#place(field, 8);
    return at === undefined ? 0n : this.message.view.getBigInt64(at, true);
  }

  /** A number of 64 bits that counts something. */
  count(field: number, what: string): number {
    const at = this.#place(field, 8);
    return at === undefined ? 0 : this.message.countAt(at, what);
  }

  /** A table within; undefined where it is left out. */
  table(field: number): FlatTable | undefined {
    const at = this.#place(field, 4);
    return at === undefined ? undefined : new FlatTable(this.message, this.message.follow(at));
  }

  /** A table within, which must be there. */
  needed(field: number, what: string): FlatTable {
    return this.table(field) ?? this.refuse(`has no ${what}`);
  }

  /** A text; undefined where it is left out. */
  text(field: number): string | undefined {
    const at = this.#place(field, 4);
    return at === undefined ? undefined : this.message.textAt(this.message.follow(at));
  }

  /** A list of parts of so many bytes; empty where it is left out. */
  list(field: number, bytes: number): FlatList {
    const place = this.#place(field, 4);
    if (place === undefined) return { at: 0, length: 0 };
    const at = this.message.follow(place);
    this.message.hold(at, 4, 'the length of a list');
    const length = this.message.view.getUint32(at, true);
    this.message.hold(at + 4, length * bytes, `a list of ${length}`);
    return { at: at + 4, length };
  }
}
