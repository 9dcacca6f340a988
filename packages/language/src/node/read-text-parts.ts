/** Texts in files that may be larger than memory. */
import { createReadStream } from 'node:fs';
import { FormatError } from '@espalier/nn';
import { aFunction, aText, check, checkOptional } from '@espalier/tensor/arguments';

/**
 * A text in UTF-8, a part after the other; a mark of its byte order is left out.
 * @param told told how many bytes have been read, before each part
 * @throws {FormatError} with the place, for bytes that are no text.
 */
export async function* readTextParts(path: string, told?: (bytes: number) => void): AsyncGenerator<string, void> {
  check('readTextParts', 'path', path, aText);
  checkOptional<(bytes: number) => void>('readTextParts', 'told', told, aFunction as never);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let read = 0;
  const decode = (bytes?: Uint8Array): string => {
    try {
      return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode();
    } catch {
      throw new FormatError(path, read, 'is no text in UTF-8 from here on, or a little behind');
    }
  };
  for await (const bytes of createReadStream(path) as AsyncIterable<Buffer>) {
    const part = decode(bytes);
    read += bytes.length;
    told?.(read);
    yield part;
  }
  yield decode();
}
