/** A file as a source of bytes. */
import { open, stat } from 'node:fs/promises';
import { aText, check } from '@espalier/tensor/arguments';
import { FormatError } from '../errors.ts';
import type { ByteSource } from '../io/byte-source.ts';

/**
 * Opens a file, which is read by range and stays open until it is closed. One that is not there is the system's own error.
 * @throws {FormatError} for a folder, and for what has no end, such as a pipe.
 */
export async function fileBytes(path: string): Promise<ByteSource> {
  check('fileBytes', 'path', path, aText);
  // Before it is opened: opening a pipe waits for somebody who writes.
  const found = await stat(path);
  if (!found.isFile())
    throw new FormatError(path, 0, `is ${found.isDirectory() ? 'a folder' : 'no file'}; give the path of a file`);
  const file = await open(path, 'r');
  const { size } = await file.stat();
  let isOpen = true;
  return {
    name: path,
    size,
    read: async (offset, length, reuse) => {
      const bytes = reuse ? new Uint8Array(reuse, 0, length) : new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await file.read(bytes, done, Math.min(length - done, 1 << 30), offset + done);
        if (bytesRead === 0) return bytes.slice(0, done);
        done += bytesRead;
      }
      return bytes;
    },
    close: async () => {
      if (isOpen) {
        isOpen = false;
        await file.close();
      }
    },
  };
}
