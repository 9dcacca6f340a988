/** A zip file that is read by range: its directory first, then only what is asked for. */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { readBytes, type ByteSource } from '../bytes/byte-source.ts';
import { crc32 } from '../bytes/crc32.ts';
import { readDirectory, type ZipEntry } from './directory.ts';
import { inflate } from './inflate.ts';

/** An open zip file. */
export interface ZipFile {
  /** In the order of its directory. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /**
   * The bytes of an entry, or the part from `begin` to before `end`. The checksum is checked where all of it is read.
   * @throws {FormatError} for an entry that is not there, or damaged.
   */
  readonly read: (
    name: string,
    range?: { readonly begin: number; readonly end: number },
  ) => Promise<Uint8Array<ArrayBuffer>>;
}

/** Pieces of what is inflated, and how far they are read: whoever reads on from there need not begin anew. */
interface Cursor {
  readonly name: string;
  readonly pieces: AsyncGenerator<Uint8Array>;
  /** What was inflated already and not asked for yet. */
  rest: Uint8Array;
  at: number;
}

const headerBytes = 30;
const headerSignature = 0x04034b50;

/** Where the bytes of an entry begin: its own header has another length than its part of the directory. */
async function beginOf(source: ByteSource, { name, offset, compressed }: ZipEntry): Promise<number> {
  const header = await readBytes(source, offset, headerBytes, `the header of ${showName(name)}`);
  const view = new DataView(header.buffer);
  if (view.getUint32(0, true) !== headerSignature)
    throw new FormatError(source.name, offset, `has no header of ${showName(name)} here`);
  const begin = offset + headerBytes + view.getUint16(26, true) + view.getUint16(28, true);
  if (begin + compressed > source.size)
    throw new FormatError(source.name, offset, `ends before ${showName(name)}: ${compressed} bytes from ${begin} on`);
  return begin;
}

/**
 * Opens a zip file.
 * @throws {FormatError} as `readDirectory` does.
 */
export async function openZip(source: ByteSource): Promise<ZipFile> {
  const entries = await readDirectory(source);
  const begins = new Map<string, number>();
  let cursor: Cursor | undefined;

  /** Inflates from where the last reader stopped, or from the start. */
  const inflated = async (
    entry: ZipEntry,
    place: number,
    begin: number,
    end: number,
  ): Promise<Uint8Array<ArrayBuffer>> => {
    const { name } = entry;
    if (cursor?.name !== name || cursor.at > begin) {
      await cursor?.pieces.return(undefined);
      cursor = { name, pieces: inflate(source, entry, place), rest: new Uint8Array(0), at: 0 };
    }
    const own = cursor;
    // Collected, and not made room for: the size is what the file claims.
    const parts: Uint8Array[] = [];
    try {
      while (own.at < end || end === entry.size) {
        if (own.rest.length === 0) {
          const next = await own.pieces.next();
          if (next.done === true) break;
          own.rest = next.value;
        }
        const skipped = Math.min(Math.max(0, begin - own.at), own.rest.length);
        const taken = own.rest.subarray(skipped, skipped + Math.max(0, end - own.at - skipped));
        if (taken.length > 0) parts.push(taken);
        own.at += skipped + taken.length;
        own.rest = own.rest.subarray(skipped + taken.length);
      }
    } catch (error) {
      cursor = undefined;
      throw error;
    }
    return joined(parts);
  };

  return {
    entries,
    read: async (name, range) => {
      const entry = entries.get(name);
      if (!entry) throw new FormatError(source.name, source.size, `has no entry ${showName(name)}`);
      const { size, method, crc } = entry;
      const { begin, end } = range ?? { begin: 0, end: size };
      if (!(begin >= 0 && begin <= end && end <= size))
        throw new FormatError(source.name, entry.offset, `${showName(name)} has ${size} bytes, not ${begin} to ${end}`);
      const place = begins.get(name) ?? (await beginOf(source, entry));
      begins.set(name, place);
      const bytes =
        method === 0
          ? await readBytes(source, place + begin, end - begin, showName(name))
          : await inflated(entry, place, begin, end);
      if (crc !== undefined && begin === 0 && end === size && crc32(bytes) !== crc)
        throw new FormatError(source.name, place, `${showName(name)} does not have its checksum; the file is damaged`);
      return bytes;
    },
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
