/** Bytes that are read by range, wherever they lie: so that a file may be larger than memory. */
import { aText, check, ruleOf, type Rule } from '@espalier/tensor/arguments';
import { aByteArray } from '../config/rules.ts';
import { FormatError } from '../errors.ts';

/** Bytes of a file, of memory, of a Blob, or of a server. */
export interface ByteSource {
  /** Where they are, for errors: a path, a URL. */
  readonly name: string;
  /** How many there are. */
  readonly size: number;
  /**
   * `length` bytes from `offset` on, in a buffer of their own, or at the beginning of `reuse`, a buffer that is long enough and
   * may be written over. Both are within the size: whoever reads checks it by `readBytes`.
   */
  readonly read: (offset: number, length: number, reuse?: ArrayBuffer) => Promise<Uint8Array<ArrayBuffer>>;
  /** Lets go of what is open. Twice is no more than once. */
  readonly close: () => Promise<void>;
}

/** A source of bytes. */
export const aByteSource: Rule<ByteSource> = ruleOf(
  'a source of bytes, as bytesOf(bytes) and fileBytes(path) give',
  (value) => {
    const { name, size, read, close } = Object(value) as Partial<ByteSource>;
    return (
      typeof name === 'string' &&
      Number.isSafeInteger(size) &&
      typeof read === 'function' &&
      typeof close === 'function'
    );
  },
);

/**
 * Reads a range.
 * @throws {FormatError} naming the source and what was looked for, where it ends before or gives other than was asked for.
 */
export async function readBytes(
  source: ByteSource,
  offset: number,
  length: number,
  what: string,
  reuse?: ArrayBuffer,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!(offset >= 0 && length >= 0 && offset + length <= source.size))
    throw new FormatError(
      source.name,
      Math.max(0, Math.min(offset, source.size)),
      `ends before ${what}: ${length} bytes from ${offset} on, of ${source.size}`,
    );
  const bytes = await source.read(offset, length, reuse);
  if (bytes.byteLength !== length)
    throw new FormatError(source.name, offset, `gives ${bytes.byteLength} bytes for ${what}, not ${length}`);
  return bytes;
}

/** Bytes in memory, as a source. They are not copied before they are read. */
export function bytesOf(bytes: Uint8Array, name = 'bytes'): ByteSource {
  check('bytesOf', 'bytes', bytes, aByteArray);
  check('bytesOf', 'name', name, aText);
  return {
    name,
    size: bytes.byteLength,
    // Not by slice, which gives a view of a Buffer of Node.
    read: async (offset, length) => new Uint8Array(bytes.subarray(offset, offset + length)),
    close: async () => undefined,
  };
}

/** What is needed of a Blob or a File of a page. */
export interface BlobLike {
  readonly size: number;
  readonly slice: (begin: number, end: number) => { readonly arrayBuffer: () => Promise<ArrayBuffer> };
}

/** A Blob or a File of a page, as a source. */
export function blobBytes(blob: BlobLike, name = 'blob'): ByteSource {
  return {
    name,
    size: blob.size,
    read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
    close: async () => undefined,
  };
}

/**
 * All bytes of a source from a place on, in pieces of so many bytes.
 * @throws {FormatError} if it gives fewer than it said.
 */
export async function* piecesOf(
  source: ByteSource,
  pieceBytes: number,
  from = 0,
  to: number = source.size,
): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to; at += pieceBytes) {
    const length = Math.min(pieceBytes, to - at);
    const bytes = await source.read(at, length);
    if (bytes.byteLength !== length)
      throw new FormatError(
        source.name,
        at,
        `gives ${bytes.byteLength} of ${length} bytes; was it cut while it was read?`,
      );
    yield bytes;
  }
}

/**
 * A source as one array.
 * @throws {FormatError} if it gives fewer than it said.
 */
export async function allBytes(source: ByteSource): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await source.read(0, source.size);
  if (bytes.byteLength !== source.size)
    throw new FormatError(source.name, bytes.byteLength, `gives ${bytes.byteLength} of ${source.size} bytes`);
  return bytes;
}
