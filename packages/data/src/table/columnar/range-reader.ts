/** Bytes that are read one after another, and never past their end. */
import { FormatError } from '@espalier/nn';

/** Reads from the start on. */
export class RangeReader {
  readonly #source: string;
  readonly #bytes: Uint8Array;
  /** Where the next byte is. */
  at = 0;

  constructor(source: string, bytes: Uint8Array) {
    this.#source = source;
    this.#bytes = bytes;
  }

  /** How many bytes come yet. */
  get left(): number {
    return this.#bytes.length - this.at;
  }

  /** @throws {FormatError} at where it is. */
  refuse(problem: string): never {
    throw new FormatError(this.#source, this.at, problem);
  }

  /**
   * Some bytes, as a view.
   * @throws {FormatError} where there are fewer.
   */
  bytes(length: number): Uint8Array {
    if (this.at + length > this.#bytes.length) this.refuse(`ends within ${length} bytes`);
    const part = this.#bytes.subarray(this.at, this.at + length);
    this.at += length;
    return part;
  }

  /** The next byte. */
  byte(): number {
    return this.bytes(1)[0] as number;
  }

  /** The next four, little-endian. */
  u32(): number {
    const [a, b, c, d] = this.bytes(4) as unknown as [number, number, number, number];
    return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
  }
}
