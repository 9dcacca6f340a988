/** The wire format of protobuf: tags, varints and lengths, read from bytes that lie somewhere in a file, and written. */
import { FormatError } from '@espalier/nn';

/** How a field is laid out: 0 varint, 1 eight bytes, 2 a length and as many bytes, 5 four bytes. */
export type WireType = 0 | 1 | 2 | 5;

/** The number and layout of the next field. */
export interface Tag {
  readonly field: number;
  readonly wire: WireType;
}

/** Bytes of a file, with the place of the first of them in it, and a place of reading. */
export class WireReader {
  readonly bytes: Uint8Array;
  /** Where the bytes begin in the file. */
  readonly origin: number;
  readonly source: string;
  /** Where the next value is read, and where reading ends, in these bytes. */
  at: number;
  end: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, origin: number, source: string) {
    this.bytes = bytes;
    this.origin = origin;
    this.source = source;
    this.at = 0;
    this.end = bytes.byteLength;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Whether nothing is left. */
  get done(): boolean {
    return this.at >= this.end;
  }

  /** @throws {FormatError} in any case, naming the place that is read. */
  refuse(problem: string, at: number = this.at): never {
    throw new FormatError(this.source, this.origin + at, problem);
  }

  /** The next tag. */
  tag(): Tag {
    const begin = this.at;
    const key = this.length();
    const wire = key & 7;
    const field = key >>> 3;
    if (field === 0) this.refuse('a field has the number 0, which protobuf does not give', begin);
    if (wire === 3 || wire === 4) this.refuse(`field ${field} is a group, which ONNX does not use`, begin);
    if (wire === 6 || wire === 7) this.refuse(`field ${field} has the layout ${wire}, which protobuf has not`, begin);
    return { field, wire: wire as WireType };
  }

  /** A varint of at most 32 bits: a tag, a length. */
  length(): number {
    const begin = this.at;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value < 2 ** 32 ? value : this.refuse('a length is more than 32 bits', begin);
    }
    return this.refuse('a length is more than 32 bits', begin);
  }

  /** A varint as a signed number of 64 bits. */
  integer(): bigint {
    const begin = this.at;
    let low = 0;
    let value = 0n;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      if (shift < 28) low += (byte & 127) * 2 ** shift;
      else value |= BigInt(byte & 127) << BigInt(shift);
      if (byte < 128) return BigInt.asIntN(64, value | BigInt(low));
    }
    return this.refuse('a varint is longer than ten bytes', begin);
  }

  /** Four bytes as a float. */
  float(): number {
    return this.#view.getFloat32(this.take(4), true);
  }

  /** Eight bytes as a double. */
  double(): number {
    return this.#view.getFloat64(this.take(8), true);
  }

  /** Steps over as many bytes, and says where they begin in these bytes. */
  take(count: number): number {
    const begin = this.at;
    if (count > this.end - begin) this.refuse(`${count} bytes are announced, of ${this.end - begin} that are left`);
    this.at += count;
    return begin;
  }

  /** Steps over a value of a field nobody asks for. */
  skip(wire: WireType): void {
    if (wire === 0) this.integer();
    else this.take(wire === 1 ? 8 : wire === 5 ? 4 : this.length());
  }

  #byte(): number {
    if (this.at >= this.end) this.refuse('ends within a number');
    return this.bytes[this.at++] as number;
  }
}

/** Bytes that are written one value after the other. */
export class WireWriter {
  #bytes = new Uint8Array(256);
  #size = 0;

  /** What was written. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#size);
  }

  /** The number and layout of the next field. */
  tag(field: number, wire: WireType): void {
    this.integer(BigInt(field * 8 + wire));
  }

  /** A varint; negative numbers take ten bytes. */
  integer(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    this.#room(10);
    while (rest > 127n) {
      this.#bytes[this.#size++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.#bytes[this.#size++] = Number(rest);
  }

  /** A float of four bytes. */
  float(value: number): void {
    this.#room(4);
    new DataView(this.#bytes.buffer).setFloat32(this.#size, value, true);
    this.#size += 4;
  }

  /** A double of eight bytes. */
  double(value: number): void {
    this.#room(8);
    new DataView(this.#bytes.buffer).setFloat64(this.#size, value, true);
    this.#size += 8;
  }

  /** A length, and as many bytes. */
  sized(bytes: Uint8Array): void {
    this.integer(BigInt(bytes.byteLength));
    this.#room(bytes.byteLength);
    this.#bytes.set(bytes, this.#size);
    this.#size += bytes.byteLength;
  }

  #room(count: number): void {
    if (this.#size + count <= this.#bytes.byteLength) return;
    const larger = new Uint8Array(Math.max(this.#bytes.byteLength * 2, this.#size + count));
    larger.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = larger;
  }
}
