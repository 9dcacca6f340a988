/** The buffers of a batch of rows, each held to its body, and unpacked to no more than its values need. Source: `Message.fbs`, Apache Arrow. */
import { FormatError } from '@espalier/nn';
import { brief } from '@espalier/tensor/arguments';
import type { FlatList, FlatTable } from './flat-table.ts';
import type { ArrowMessage } from './messages.ts';

/** Unpacks bytes to so many. */
export type Unpack = (bytes: Uint8Array, length: number) => Uint8Array;

/** Codecs by their numbers in the format. */
export type Codecs = readonly Unpack[];

/** A buffer may be padded, but not to more than this many times what its values need, plus some. */
const mostPadding = 2;
const freePadding = 1 << 16;
/** Before each packed buffer its length stands, or -1 where it is not packed. */
const lengthBytes = 8;

/** One batch: gives its columns and buffers one after another. */
export class ArrowBatch {
  readonly #header: FlatTable;
  readonly #message: ArrowMessage;
  readonly #unpack: Unpack | undefined;
  readonly #nodes: FlatList;
  readonly #buffers: FlatList;
  readonly #variadic: FlatList;
  #node = 0;
  #buffer = 0;
  #variadicAt = 0;
  #bodyLeft: number;
  /** How many rows it has. */
  readonly length: number;

  constructor(message: ArrowMessage, header: FlatTable, codecs: Codecs) {
    this.#message = message;
    this.#header = header;
    this.length = header.count(0, 'the number of rows');
    this.#nodes = header.list(1, 16);
    this.#buffers = header.list(2, 16);
    this.#variadic = header.list(4, 8);
    this.#bodyLeft = message.body.length;
    const packing = header.table(3);
    this.#unpack = packing && codecs[packing.u8(0)];
    if (packing && (!this.#unpack || packing.u8(1) !== 0))
      packing.refuse(`is packed by method ${packing.u8(1)} and codec ${packing.u8(0)}, which are not read`);
  }

  /** @throws {FormatError} at the body. */
  refuse(problem: string): never {
    throw new FormatError(this.#header.message.source, this.#message.bodyAt, problem);
  }

  #next(list: FlatList, index: number, bytes: number, what: string): number {
    return index < list.length
      ? list.at + index * bytes
      : this.#header.refuse(`has ${list.length} ${what}, and needs more`);
  }

  /** The next column: how many of its values are missing. */
  node(): number {
    const { message } = this.#header;
    const at = this.#next(this.#nodes, this.#node++, 16, 'columns');
    const length = message.countAt(at, 'the number of values');
    const missing = message.countAt(at + 8, 'the number of missing values');
    if (length !== this.length || missing > length)
      message.refuse(at, `has a column of ${length} values, ${missing} of them missing, in ${this.length} rows`);
    return missing;
  }

  /** How many buffers of texts the next column has. */
  variadic(): number {
    const at = this.#next(this.#variadic, this.#variadicAt++, 8, 'numbers of buffers');
    const count = this.#header.message.countAt(at, 'the number of buffers');
    return count <= this.#buffers.length - this.#buffer
      ? count
      : this.#header.message.refuse(at, `has a column of ${count} buffers`);
  }

  /**
   * The next buffer.
   * @param needed how many bytes it has at least; of one that is there at all, where `isOptional`
   */
  buffer(needed: number, isOptional = false): Uint8Array {
    const { message } = this.#header;
    const at = this.#next(this.#buffers, this.#buffer++, 16, 'buffers');
    const [offset, length] = [message.countAt(at, 'the place of a buffer'), message.countAt(at + 8, 'its length')];
    const { body } = this.#message;
    if (offset + length > body.length)
      message.refuse(at, `has a buffer of ${length} bytes at ${offset} in a body of ${body.length}`);
    this.#bodyLeft -= length;
    if (this.#bodyLeft < 0) message.refuse(at, 'has several buffers in the same bytes');
    const bytes = this.#plain(body.subarray(offset, offset + length), needed);
    if (bytes.length < needed && !(isOptional && bytes.length === 0))
      message.refuse(at, `has a buffer of ${bytes.length} bytes, where its values need ${needed}`);
    return bytes;
  }

  #plain(bytes: Uint8Array, needed: number): Uint8Array {
    if (!this.#unpack || bytes.length === 0) return bytes;
    if (bytes.length < lengthBytes) this.refuse(`has a packed buffer of ${bytes.length} bytes`);
    const length = new DataView(bytes.buffer, bytes.byteOffset, lengthBytes).getBigInt64(0, true);
    const packed = bytes.subarray(lengthBytes);
    if (length === -1n) return packed;
    if (length < 0n || length > BigInt(mostPadding * needed + freePadding))
      this.refuse(`says that a buffer unpacks to ${length} bytes, where its values need ${needed}`);
    try {
      return this.#unpack(packed, Number(length));
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      return this.refuse(`has a buffer that is not packed as it says: ${brief(problem, 200)}`);
    }
  }
}
