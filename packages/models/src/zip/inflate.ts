/** What deflate has compressed, by the host's own decompressor, a piece at a time and no more than was asked for. */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { readBytes, type ByteSource } from '@espalier/nn/format';
import type { ZipEntry } from './directory.ts';

/** What is needed of the streams of the host: of a page, and of Node. */
interface Decompressor {
  readonly writable: {
    readonly getWriter: () => {
      readonly write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
      readonly close: () => Promise<void>;
    };
  };
  readonly readable: {
    readonly getReader: () => {
      readonly read: () => Promise<{ readonly done: boolean; readonly value?: Uint8Array<ArrayBuffer> }>;
      readonly cancel: () => Promise<void>;
    };
  };
}

/** How many compressed bytes are read at a time. */
const piece = 1 << 16;

/**
 * The bytes of a deflated entry, in pieces. Whoever has enough stops.
 * @throws {FormatError} for what is damaged, and for more or fewer bytes than the directory says.
 */
export async function* inflate(source: ByteSource, entry: ZipEntry, begin: number): AsyncGenerator<Uint8Array> {
  const { name, size, compressed } = entry;
  const Host = Reflect.get(globalThis, 'DecompressionStream') as new (format: string) => Decompressor;
  const { writable, readable } = new Host('deflate-raw');
  const writer = writable.getWriter();
  const reader = readable.getReader();
  let refused: unknown;
  const feed = async (): Promise<void> => {
    for (let at = 0; at < compressed; at += piece)
      await writer.write(await readBytes(source, begin + at, Math.min(piece, compressed - at), showName(name)));
    await writer.close();
  };
  // What the decompressor refuses, its reader is told, too; what the source cannot give, is said below.
  const fed = feed().catch((error: unknown) => void (refused = error));
  let done = 0;
  try {
    for (;;) {
      const { value } = await reader.read();
      if (!value) break;
      done += value.length;
      if (done > size)
        throw new FormatError(source.name, begin, `${showName(name)} inflates to more than ${size} bytes`);
      yield value;
    }
  } catch (error) {
    if (error instanceof FormatError) throw error;
    if (refused instanceof FormatError) throw refused;
    throw new FormatError(source.name, begin, `${showName(name)} is damaged: ${(error as Error).message}`);
  } finally {
    await reader.cancel().catch(() => undefined);
    await fed;
  }
  if (done !== size)
    throw new FormatError(source.name, begin, `${showName(name)} inflates to ${done} bytes, not ${size}`);
}
