/** A file as a source of bytes. */
import { open } from 'node:fs/promises';
import { aText, check } from '@espalier/tensor/arguments';
import type { ByteSource } from '../bytes/byte-source.ts';

/** Opens a file, which is read by range and stays open until it is closed. */
export async function fileBytes(path: string): Promise<ByteSource> {
  const file = await open(check('fileBytes', 'path', path, aText), 'r');
  const { size } = await file.stat();
  let isOpen = true;
  return {
    name: path,
    size,
    read: async (offset, length) => {
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await file.read(bytes, done, Math.min(length - done, 1 << 30), offset + done);
        if (bytesRead === 0) return bytes.slice(0, done);
        done += bytesRead;
      }
      return bytes;
    },
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      await file.close();
    },
  };
}
