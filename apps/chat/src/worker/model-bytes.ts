/** The bytes of a model's file, with how much of it was read. */
import { blobBytes, urlBytes, type ByteSource } from '@espalier/models';
import type { ModelPlace } from '../messages.ts';

/**
 * Opens a file by range.
 * @param onRead told after each read how many bytes were read in all
 * @throws {FormatError} for a server that gives no ranges.
 */
export async function modelBytes(place: ModelPlace, onRead: (read: number, size: number) => void): Promise<ByteSource> {
  const source = 'url' in place ? await urlBytes(place.url) : blobBytes(place.file, place.file.name);
  let read = 0;
  return {
    ...source,
    read: async (offset, length, reuse) => {
      const bytes = await source.read(offset, length, reuse);
      read += length;
      onRead(Math.min(read, source.size), source.size);
      return bytes;
    },
  };
}
