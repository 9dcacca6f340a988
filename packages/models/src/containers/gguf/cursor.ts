/** Reads the parts of a header one after the other, out of the part of a file that is in memory. */
import { FormatError } from '@espalier/nn';
import { decodeUtf8 } from '@espalier/nn/format';

/** More of the file is needed than is in memory. */
export class NeedsMore extends Error {
  /** Up to which byte, at least. */
  readonly end: number;

  constructor(end: number) {
    super(`needs ${end} bytes`);
    this.end = end;
  }
}

/** Where in a header a reader is. */
export class Cursor {
  readonly name: string;
  /** Of the whole file. */
  readonly size: number;
  /** The beginning of the file. */
  readonly view: DataView;
  #at = 0;

  constructor(name: string, size: number, bytes: Uint8Array) {
    this.name = name;
    this.size = size;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** How far it has come. */
  get at(): number {
    return this.#at;
  }

  /** How many bytes of the file follow. */
  get left(): number {
    return this.size - this.#at;
  }

  /** @throws {FormatError} saying where the file is wrong. */
  fail(problem: string, at: number = this.#at): never {
    throw new FormatError(this.name, at, problem);
  }

  /**
   * Where the next so many bytes are; goes past them.
   * @throws {FormatError} where the file has fewer.
   * @throws {NeedsMore} where they are not in memory.
   */
  take(bytes: number, what: string): number {
    const at = this.#at;
    if (bytes > this.left) this.fail(`ends within ${what}, which takes ${bytes} bytes`);
    if (at + bytes > this.view.byteLength) throw new NeedsMore(at + bytes);
    this.#at += bytes;
    return at;
  }

  /** A number of 32 bits. */
  u32(what: string): number {
    return this.view.getUint32(this.take(4, what), true);
  }

  /**
   * A number of 64 bits.
   * @throws {FormatError} for one that no file can mean.
   */
  u64(what: string): number {
    const at = this.take(8, what);
    const value = Number(this.view.getBigUint64(at, true));
    return Number.isSafeInteger(value) ? value : this.fail(`${what} is ${value}`, at);
  }

  /**
   * How many things follow that take at least so many bytes each.
   * @throws {FormatError} for more than the file has room for.
   */
  count(least: number, what: string): number {
    const at = this.#at;
    const count = this.u64(what);
    return count <= this.left / least
      ? count
      : this.fail(`claims ${count} ${what}, for which the ${this.left} bytes that follow have no room`, at);
  }

  /**
   * A text behind its length.
   * @throws {FormatError} where it is none.
   */
  text(what: string): string {
    const length = this.count(1, `bytes of ${what}`);
    const at = this.take(length, what);
    const bytes = new Uint8Array(this.view.buffer, this.view.byteOffset + at, length);
    return decodeUtf8(bytes) ?? this.fail(`${what} is no text in UTF-8`, at);
  }
}
