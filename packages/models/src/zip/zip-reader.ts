/** A zip file that is read by range: its directory first, then only what is asked for. */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { crc32, readBytes, type ByteSource } from '@espalier/nn/format';
import { readDirectory, type ZipEntry } from './directory.ts';
import { inflate } from './inflate.ts';

/** An open zip file. */
export interface ZipFile {
  /** In the order of its directory. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /**
   * The bytes of an entry, or the part from `begin` to before `end`. The checksum is checked
   * where all of it is read, at once or part after part.
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
  /** The checksum of all before. */
  crc: number;
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

  /** Inflates from where the last reader stopped, or from the start. One at a time: they share the cursor. */
  const inflateNext = async (
    entry: ZipEntry,
    place: number,
    begin: number,
    end: number,
  ): Promise<Uint8Array<ArrayBuffer>> => {
    const { name } = entry;
    if (cursor?.name !== name || cursor.at > begin) {
      await cursor?.pieces.return(undefined);
      cursor = { name, pieces: inflate(source, entry, place), rest: new Uint8Array(0), at: 0, crc: 0 };
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
        own.crc = crc32(own.rest.subarray(0, skipped + taken.length), own.crc);
        own.at += skipped + taken.length;
        own.rest = own.rest.subarray(skipped + taken.length);
      }
      if (own.at === entry.size) sums.set(name, { at: own.at, crc: Promise.resolve(own.crc) });
    } catch (error) {
      cursor = undefined;
      throw error;
    }
    const bytes = joined(parts);
    if (bytes.length !== end - begin)
      throw new FormatError(source.name, place, `${showName(name)} ends after ${begin + bytes.length} bytes of ${end}`);
    return bytes;
  };
  let last: Promise<unknown> = Promise.resolve();
  const inflated: typeof inflateNext = (...asked) => {
    const next = last.then(() => inflateNext(...asked));
    last = next.catch(() => undefined);
    return next;
  };

  /** How far the checksum of each entry is known, by who reads it from its beginning on. */
  const sums = new Map<string, { readonly at: number; readonly crc: Promise<number> }>();

  /** Reads a stored part, and adds it to the checksum where it follows what was read before. */
  const stored = async (
    { name, crc: wanted }: ZipEntry,
    place: number,
    begin: number,
    end: number,
  ): Promise<Uint8Array<ArrayBuffer>> => {
    const before = begin === 0 ? { at: 0, crc: Promise.resolve(0) } : sums.get(name);
    const bytes = readBytes(source, place + begin, end - begin, showName(name));
    if (before?.at !== begin || wanted === undefined) return bytes;
    const crc = Promise.all([before.crc, bytes]).then(([sum, part]) => crc32(part, sum));
    // Whoever reads on is told of what failed, and so is whoever asked.
    crc.catch(() => undefined);
    sums.set(name, { at: end, crc });
    await crc;
    return bytes;
  };

  /** What was read up to the end of an entry has its checksum, if it was read from the beginning on. */
  const check = async ({ name, size, crc }: ZipEntry, place: number): Promise<void> => {
    const sum = sums.get(name);
    if (crc === undefined || sum?.at !== size) return;
    sums.delete(name);
    if ((await sum.crc) !== crc)
      throw new FormatError(source.name, place, `${showName(name)} does not have its checksum; the file is damaged`);
  };

  return {
    entries,
    read: async (name, range) => {
      const entry = entries.get(name);
      if (!entry) throw new FormatError(source.name, source.size, `has no entry ${showName(name)}`);
      const { size, method } = entry;
      const { begin, end } = range ?? { begin: 0, end: size };
      if (!(begin >= 0 && begin <= end && end <= size))
        throw new FormatError(source.name, entry.offset, `${showName(name)} has ${size} bytes, not ${begin} to ${end}`);
      let place = begins.get(name);
      if (place === undefined) {
        place = await beginOf(source, entry);
        begins.set(name, place);
      }
      const bytes = await (method === 0 ? stored(entry, place, begin, end) : inflated(entry, place, begin, end));
      if (end === size) await check(entry, place);
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
