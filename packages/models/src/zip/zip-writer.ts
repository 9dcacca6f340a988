/**
 * Writes zip files of stored entries as a stream: each at a multiple of 64 bytes, so that they can be mapped into memory, and with
 * its checksum behind it, since that is known only when all has passed by. Source: PKWARE, "APPNOTE.TXT", 4.3 to 4.5.
 */
import { showName } from '@espalier/nn/arguments';
import { crc32, encodeUtf8 } from '@espalier/nn/format';
import { ArgumentError } from '@espalier/tensor';
import type { ByteSink } from '../bytes/byte-sink.ts';

/** A zip file that is being written. */
export interface ZipWriter {
  /**
   * Writes an entry of a size.
   * @throws {ArgumentError} for a second entry of the name, and for pieces that are more or fewer bytes than its size.
   */
  readonly add: (name: string, size: number, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) => Promise<void>;
  /** Writes the directory. */
  readonly end: () => Promise<void>;
}

/** What entries begin at a multiple of. */
const alignment = 64;
/** From here on sizes and places have 64 bits. */
const wide32 = 0xffffffff;
const wide16 = 0xffff;
/** Checksum and sizes follow; the name is UTF-8. */
const flags = 0x0808;
/** 1 January 1980, the first day there is: the same tensors give the same bytes. */
const date = 0x0021;

/** Little-endian numbers, one after the other: [bytes, value]. */
function fields(...all: readonly (readonly [bytes: 2 | 4 | 8, value: number])[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(all.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of all) {
    if (bytes === 2) view.setUint16(at, value, true);
    else if (bytes === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}

interface Written {
  readonly name: Uint8Array<ArrayBuffer>;
  readonly size: number;
  readonly crc: number;
  readonly offset: number;
}

/** Begins a zip file. `wideFrom` is for tests: sizes and places from there on have 64 bits. */
export function zipWriter(sink: ByteSink, { wideFrom = wide32 }: { readonly wideFrom?: number } = {}): ZipWriter {
  const written = new Map<string, Written>();
  let at = 0;
  const put = async (bytes: Uint8Array): Promise<void> => {
    await sink.write(bytes);
    at += bytes.length;
  };
  const fail = (problem: string): never => {
    throw new ArgumentError('zipWriter', problem);
  };

  const add: ZipWriter['add'] = async (name, size, pieces) => {
    if (written.has(name)) fail(`two entries ${showName(name)}`);
    const encoded = encodeUtf8(name);
    const isWide = size >= wideFrom;
    const offset = at;
    const wide = isWide ? fields([2, 1], [2, 16], [8, 0], [8, 0]) : new Uint8Array(0);
    const head = offset + 30 + encoded.length + wide.length + 4;
    const filled = (alignment - (head % alignment)) % alignment;
    const padding = new Uint8Array(4 + filled).fill(0x5a);
    padding.set(fields([2, 0x4246], [2, filled]));
    const extra = wide.length + padding.length;
    const narrow = isWide ? wide32 : 0;
    await put(
      fields([4, 0x04034b50], [2, isWide ? 45 : 20], [2, flags], [2, 0], [2, 0], [2, date], [4, 0], [4, narrow], [4, narrow], [2, encoded.length], [2, extra]), // prettier-ignore
    );
    for (const part of [encoded, wide, padding]) await put(part);
    const begin = at;
    let crc = 0;
    for await (const bytes of pieces) {
      crc = crc32(bytes, crc);
      if (at + bytes.length - begin > size)
        fail(`${showName(name)} has more than the ${size} bytes that it was to have`);
      await put(bytes);
    }
    if (at - begin !== size) fail(`${showName(name)} has ${at - begin} bytes, not the ${size} that it was to have`);
    const bytes = isWide ? 8 : 4;
    await put(fields([4, 0x08074b50], [4, crc], [bytes, size], [bytes, size]));
    written.set(name, { name: encoded, size, crc, offset });
  };

  const end: ZipWriter['end'] = async () => {
    const directory = at;
    for (const { name, size, crc, offset } of written.values()) {
      const [isLarge, isFar] = [size >= wideFrom, offset >= wideFrom];
      const values = [...(isLarge ? [size, size] : []), ...(isFar ? [offset] : [])];
      const extra =
        values.length === 0
          ? new Uint8Array(0)
          : fields([2, 1], [2, 8 * values.length], ...values.map((value) => [8, value] as const));
      const [narrow, place] = [isLarge ? wide32 : size, isFar ? wide32 : offset];
      const version = values.length > 0 ? 45 : 20;
      await put(
        fields([4, 0x02014b50], [2, version], [2, version], [2, flags], [2, 0], [2, 0], [2, date], [4, crc], [4, narrow], [4, narrow], [2, name.length], [2, extra.length], [2, 0], [2, 0], [2, 0], [4, 0], [4, place]), // prettier-ignore
      );
      await put(name);
      await put(extra);
    }
    const [count, size, wideEnd] = [written.size, at - directory, at];
    const isWide = count >= wide16 || size >= wide32 || directory >= wideFrom;
    if (isWide) {
      await put(fields([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, count], [8, count], [8, size], [8, directory])); // prettier-ignore
      await put(fields([4, 0x07064b50], [4, 0], [8, wideEnd], [4, 1]));
    }
    const few = isWide ? wide16 : count;
    await put(
      fields([4, 0x06054b50], [2, 0], [2, 0], [2, few], [2, few], [4, isWide ? wide32 : size], [4, isWide ? wide32 : directory], [2, 0]), // prettier-ignore
    );
  };
  return { add, end };
}
