/** Bytes one behind the other, and bits inside of them, highest first: written without a length, read within bounds. */
import { FormatError } from '@espalier/nn';

/** Bytes that grow. */
export class ByteWriter {
  #bytes = new Uint8Array(64);
  #length = 0;

  byte(value: number): this {
    if (this.#length === this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#length);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#length++] = value;
    return this;
  }

  /** A whole number from 0 to 2^53 - 1, seven bits to a byte, the lowest first (LEB128). */
  count(value: number): this {
    let left = value;
    for (; left >= 128; left = Math.floor(left / 128)) this.byte((left % 128) | 128);
    return this.byte(left);
  }

  block(bytes: Uint8Array): this {
    for (const byte of bytes) this.byte(byte);
    return this;
  }

  /** What was written. */
  whole(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}

/** Bits that grow into bytes; the last byte is filled with zeros. */
export class BitWriter {
  readonly #bytes = new ByteWriter();
  #byte = 0;
  #used = 0;

  /** The lowest `bits` of a value, the highest of them first. */
  write(value: number, bits: number): this {
    for (let bit = bits - 1; bit >= 0; bit--) {
      this.#byte = (this.#byte << 1) | ((value >>> bit) & 1);
      if (++this.#used === 8) this.#flush();
    }
    return this;
  }

  /** What was written. */
  whole(): Uint8Array<ArrayBuffer> {
    if (this.#used > 0) {
      this.#byte <<= 8 - this.#used;
      this.#flush();
    }
    return this.#bytes.whole();
  }

  #flush(): void {
    this.#bytes.byte(this.#byte);
    this.#byte = 0;
    this.#used = 0;
  }
}

/** Reads what a `ByteWriter` wrote; whatever else it is given, it stays inside. */
export class ByteReader {
  readonly source: string;
  readonly #bytes: Uint8Array;
  /** Where `#bytes` begin in what is read as a whole. */
  readonly #base: number;
  #at = 0;

  constructor(source: string, bytes: Uint8Array, base = 0) {
    this.source = source;
    this.#bytes = bytes;
    this.#base = base;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** @throws {FormatError} at the end. */
  byte(): number {
    if (this.left === 0) this.refuse('it ends too early');
    return this.#bytes[this.#at++] as number;
  }

  /**
   * A whole number of at most `most`.
   * @throws {FormatError} for a larger one, and at the end.
   */
  count(what: string, most: number): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (value > most) this.refuse(`${what} are ${value}; there is room for ${most}`);
      if (byte < 128) return value;
      if (factor > 2 ** 46) this.refuse(`${what} are told by too many bytes`);
    }
  }

  /** @throws {FormatError} where fewer bytes are left. */
  block(length: number): Uint8Array {
    if (length > this.left) this.refuse(`it ends ${length - this.left} bytes too early`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** The next so many bytes, to be read by themselves. */
  inner(length: number): ByteReader {
    const begin = this.#base + this.#at;
    return new ByteReader(this.source, this.block(length), begin);
  }

  /** @throws {FormatError} unless all was read. */
  end(): void {
    if (this.left > 0) this.refuse(`${this.left} bytes are left over`);
  }

  /** @throws {FormatError} at the place where it is. */
  refuse(problem: string): never {
    throw new FormatError(this.source, this.#base + this.#at, problem);
  }
}

/** Reads the bits of all bytes that a reader has left. */
export class BitReader {
  readonly #reader: ByteReader;
  /** Bits that were read from bytes and not yet asked for, the next the highest of so many. */
  #bits = 0;
  #count = 0;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  /** The next bits, at most 16, without going on; zeros behind the end. */
  peek(bits: number): number {
    while (this.#count < bits && this.#reader.left > 0) {
      this.#bits = ((this.#bits << 8) | this.#reader.byte()) & 0xffffff;
      this.#count += 8;
    }
    const value = this.#count >= bits ? this.#bits >>> (this.#count - bits) : this.#bits << (bits - this.#count);
    return value & (2 ** bits - 1);
  }

  /** @throws {FormatError} behind the end. */
  skip(bits: number): void {
    if (bits > this.#count) this.#reader.refuse('its bits end too early');
    this.#count -= bits;
    this.#bits &= 2 ** this.#count - 1;
  }

  /** The next bits, at most 16. */
  read(bits: number): number {
    const value = this.peek(bits);
    this.skip(bits);
    return value;
  }

  /** @throws {FormatError} unless less than a byte is left, all of zeros. */
  end(): void {
    this.#reader.end();
    if (this.#count >= 8 || this.#bits !== 0) this.#reader.refuse('bits are left over behind the last symbol');
  }
}
