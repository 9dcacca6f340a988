/** Bytes that are read by range, wherever they lie: a file may be larger than memory. */
import { FormatError } from '@espalier/nn';
import { aByteArray } from '@espalier/nn/arguments';
import { aText, check, ruleOf, type Rule } from '@espalier/tensor/arguments';

/** Bytes of a file, of memory or of a page's Blob. `@espalier/models` has sources of the same shape. */
export interface ByteSource {
  /** Where they are, for errors: a path, a URL. */
  readonly name: string;
  /** How many there are. */
  readonly size: number;
  /** `length` bytes from `offset` on, in a buffer of their own. Both are within the size. */
  readonly read: (offset: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;
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

/** Bytes in memory, as a source; they are not copied before they are read. */
export function bytesOf(bytes: Uint8Array, name = 'bytes'): ByteSource {
  check('bytesOf', 'bytes', bytes, aByteArray);
  check('bytesOf', 'name', name, aText);
  return {
    name,
    size: bytes.byteLength,
    // Not by slice(), which of a Buffer of Node copies nothing.
    read: async (offset, length) => new Uint8Array(bytes.subarray(offset, offset + length)),
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
