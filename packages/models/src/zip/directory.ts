/**
 * The directory at the end of a zip file, which is the authority on what is in it. Source: PKWARE, "APPNOTE.TXT", 4.3 and 4.5.
 */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { readBytes, type ByteSource } from '@espalier/nn/format';
import { checkEntryName, entryName } from './zip-name.ts';

/** A part of a zip file. */
export interface ZipEntry {
  readonly name: string;
  /** 0 is stored, 8 is deflated. */
  readonly method: number;
  /** Bytes in the file. */
  readonly compressed: number;
  /** Bytes of what it stands for. */
  readonly size: number;
  /** The checksum of these; undefined where the writer has computed none, as PyTorch can be told to. */
  readonly crc: number | undefined;
  /** Where its own header begins. */
  readonly offset: number;
}

const endSignature = 0x06054b50;
const endBytes = 22;
const longestComment = 65_535;
const locatorSignature = 0x07064b50;
const locatorBytes = 20;
const wideEndSignature = 0x06064b50;
const wideEndBytes = 56;
const entrySignature = 0x02014b50;
const entryBytes = 46;
const wideFieldId = 1;
/** Stands for "see the wide field" in the narrow ones. */
const [wide16, wide32] = [0xffff, 0xffffffff];
/** No directory is larger, so that a broken one cannot ask for all memory: a million entries. */
const largestDirectory = 128 << 20;
/** What deflate makes of one byte at the most. */
const mostExpansion = 1032;
/** What is larger, and takes so much less in the file, is made to fill memories, and no file of tensors. */
const [largestBomb, usualExpansion] = [64 << 20, 100];

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

interface Place {
  readonly count: number;
  readonly size: number;
  readonly offset: number;
  /** Where whatever follows the directory begins. */
  readonly end: number;
}

/** Whether bytes may be the beginning of a zip file. */
export function isZip(head: Uint8Array): boolean {
  return head.length >= 4 && head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
}

async function findDirectory(source: ByteSource): Promise<Place> {
  const { name, size } = source;
  const length = Math.min(size, endBytes + longestComment);
  const tail = await readBytes(source, size - length, length, 'the end of the directory');
  const view = viewOf(tail);
  for (let at = length - endBytes; at >= 0; at--) {
    if (view.getUint32(at, true) !== endSignature || view.getUint16(at + 20, true) !== length - at - endBytes) continue;
    const end = size - length + at;
    const [disk, first, here, count] = [4, 6, 8, 10].map((field) => view.getUint16(at + field, true));
    const [bytes, offset] = [12, 16].map((field) => view.getUint32(at + field, true)) as [number, number];
    const isWide = here === wide16 || count === wide16 || bytes === wide32 || offset === wide32;
    if (isWide && end >= locatorBytes) {
      const wide = await findWideDirectory(source, end);
      if (wide) return wide;
    }
    if (disk !== 0 || first !== 0 || here !== count) throw new FormatError(name, end, 'is a part of several zip files');
    return { count: count as number, size: bytes, offset, end };
  }
  throw new FormatError(name, size, 'has no directory at its end; the file is cut off or no zip file');
}

async function findWideDirectory(source: ByteSource, end: number): Promise<Place | undefined> {
  const locator = viewOf(await readBytes(source, end - locatorBytes, locatorBytes, 'the place of the directory'));
  if (locator.getUint32(0, true) !== locatorSignature) return undefined;
  const at = Number(locator.getBigUint64(8, true));
  const record = viewOf(await readBytes(source, at, wideEndBytes, 'the end of the directory'));
  if (record.getUint32(0, true) !== wideEndSignature)
    throw new FormatError(source.name, at, 'has no end of a directory where it should be');
  const [count, size, offset] = [32, 40, 48].map((field) => Number(record.getBigUint64(field, true)));
  return { count: count as number, size: size as number, offset: offset as number, end: at };
}

/** The sizes and the place of an entry whose narrow fields do not hold them. */
function wideFields(extra: Uint8Array, narrow: readonly [number, number, number]): number[] {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length;) {
    const [id, length] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    const end = Math.min(extra.length, at + 4 + length);
    if (id === wideFieldId) {
      let field = at + 4;
      return narrow.map((value) => {
        if (value !== wide32 || field + 8 > end) return value;
        field += 8;
        return Number(view.getBigUint64(field - 8, true));
      });
    }
    at = end;
  }
  return [...narrow];
}

/**
 * All entries, in the order of the directory, folders left out.
 * @throws {FormatError} for a directory that is damaged, for entries that overlap, claim what deflate cannot give, have one name
 * twice, or a name that leads out.
 */
export async function readDirectory(source: ByteSource): Promise<Map<string, ZipEntry>> {
  const { name: file } = source;
  const { count, size, offset, end } = await findDirectory(source);
  const fail = (at: number, problem: string): never => {
    throw new FormatError(file, at, problem);
  };
  if (size > largestDirectory || offset + size > end)
    fail(end, `claims a directory of ${size} bytes at ${offset}, which does not lie before ${end}`);
  if (count * entryBytes > size) fail(end, `claims ${count} entries in a directory of ${size} bytes`);
  const bytes = await readBytes(source, offset, size, 'the directory');
  const view = viewOf(bytes);
  const entries = new Map<string, ZipEntry>();
  const folders = new Set<string>();
  let at = 0;
  for (let index = 0; index < count; index++) {
    const place = offset + at;
    if (at + entryBytes > size || view.getUint32(at, true) !== entrySignature)
      fail(place, `has no entry ${index} of ${count} in its directory`);
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const crc = view.getUint32(at + 16, true);
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [
      number,
      number,
      number,
    ];
    const next = at + entryBytes + nameBytes + extraBytes + commentBytes;
    if (next > size) fail(place, `has an entry ${index} that does not fit into its directory`);
    const nameEnd = at + entryBytes + nameBytes;
    const name = entryName(bytes.subarray(at + entryBytes, nameEnd));
    const narrow = [24, 20, 42].map((field) => view.getUint32(at + field, true)) as [number, number, number];
    const [whole, compressed, header] = wideFields(bytes.subarray(nameEnd, nameEnd + extraBytes), narrow) as [
      number,
      number,
      number,
    ];
    at = next;
    checkEntryName(file, place, name);
    if (entries.has(name) || folders.has(name)) fail(place, `has two entries ${showName(name)}`);
    if (name.endsWith('/') && whole === 0) {
      folders.add(name);
      continue;
    }
    if (flags & 1) fail(place, `has an entry ${showName(name)} that is encrypted; decrypt it before`);
    if (method !== 0 && method !== 8)
      fail(place, `has an entry ${showName(name)} compressed by method ${method}; only stored and deflated are read`);
    if (method === 0 ? whole !== compressed : whole > compressed * mostExpansion + 64)
      fail(place, `has an entry ${showName(name)} of ${whole} bytes in ${compressed}, which cannot be`);
    if (whole > largestBomb && whole > compressed * usualExpansion)
      fail(
        place,
        `has an entry ${showName(name)} of ${whole} bytes in ${compressed}; no values are compressed to less than a hundredth`,
      );
    if (header + 30 + nameBytes + compressed > offset)
      fail(
        place,
        `has an entry ${showName(name)} of ${compressed} bytes at ${header}, which leads beyond its directory`,
      );
    entries.set(name, { name, method, compressed, size: whole, crc: crc === 0 ? undefined : crc, offset: header });
  }
  checkOverlaps(file, entries);
  return entries;
}

/** What is compressed once cannot count twice. */
function checkOverlaps(file: string, entries: ReadonlyMap<string, ZipEntry>): void {
  let end = 0;
  for (const { name, offset, compressed } of [...entries.values()].toSorted((a, b) => a.offset - b.offset)) {
    if (offset < end) throw new FormatError(file, offset, `has an entry ${showName(name)} that overlaps another`);
    end = offset + 30 + compressed;
  }
}
