// Zip files: what we write is read by us, and what is damaged, overlaps, leads out or explodes is refused.
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { FormatError } from '@espalier/nn';
import { bytesOf, crc32 } from '@espalier/nn/format';
import { describe, expect, test } from 'vitest';
import { memorySink } from '../../src/bytes/byte-sink.ts';
import { openZip, type ZipFile } from '../../src/zip/zip-reader.ts';
import { zipWriter } from '../../src/zip/zip-writer.ts';

interface Part {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly method?: 0 | 8;
  /** What the directory says instead of the truth. */
  readonly size?: number;
  readonly crc?: number;
  readonly packed?: Uint8Array;
  readonly offset?: number;
  readonly flags?: number;
}

/** A zip file, perhaps one that lies. */
function zipOf(...parts: readonly Part[]): Uint8Array {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const {
    name,
    bytes,
    method = 0,
    size = bytes.length,
    crc = crc32(bytes),
    offset = at,
    flags = 0,
    ...more
  } of parts) {
    const packed = more.packed ?? (method === 8 ? deflateRawSync(bytes) : bytes);
    const own = Buffer.from(name);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(own.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50);
    central.writeUInt16LE(flags, 8);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(crc, 16);
    central.writeUInt32LE(packed.length, 20);
    central.writeUInt32LE(size, 24);
    central.writeUInt16LE(own.length, 28);
    central.writeUInt32LE(offset, 42);
    bodies.push(local, own, Buffer.from(packed));
    directory.push(central, own);
    at += 30 + own.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...bodies, ...directory, end]);
}

const open = (bytes: Uint8Array): Promise<ZipFile> => openZip(bytesOf(bytes, 'x.zip'));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

async function written(parts: readonly (readonly [string, Uint8Array])[], wideFrom?: number): Promise<Uint8Array> {
  const sink = memorySink();
  const zip = zipWriter(sink, wideFrom === undefined ? {} : { wideFrom });
  for (const [name, bytes] of parts) await zip.add(name, bytes.length, [bytes.subarray(0, 3), bytes.subarray(3)]);
  await zip.end();
  return sink.bytes();
}

const anyParts = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,9}$/u), fc.uint8Array({ maxLength: 200 })), {
    selector: ([name]) => name,
    maxLength: 6,
  })
  .map((list) => list.map(([name, bytes]) => [name, bytes] as const));

describe('zip files', () => {
  test('have the checksum that all have', () => {
    expect(crc32(text('123456789'))).toBe(0xcbf43926);
    expect(crc32(text('6789'), crc32(text('12345')))).toBe(0xcbf43926);
  });

  test('come back, in sizes of 32 and of 64 bits, each entry at a multiple of 64 bytes', async () => {
    await fc.assert(
      fc.asyncProperty(anyParts, fc.constantFrom(undefined, 0, 100), async (parts, wideFrom) => {
        const bytes = await written(parts, wideFrom);
        const zip = await open(bytes);
        expect([...zip.entries.keys()]).toEqual(parts.map(([name]) => name));
        for (const [name, content] of parts) {
          expect(await zip.read(name)).toEqual(new Uint8Array(content));
          expect(await zip.read(name, { begin: 1, end: content.length }).catch(() => undefined)).toEqual(
            content.length === 0 ? undefined : new Uint8Array(content.subarray(1)),
          );
          const offset = Buffer.from(bytes).indexOf(content);
          if (content.length > 20) expect(offset % 64).toBe(0);
        }
      }),
    );
  });

  test('are inflated, by range, forwards and backwards', async () => {
    const content = Uint8Array.from({ length: 300_000 }, (_, index) => (index * index) >> 7);
    const zip = await open(
      zipOf({ name: 'a', bytes: content, method: 8 }, { name: 'b', bytes: text('hello'), method: 8 }),
    );
    const same = (a: Uint8Array, b: Uint8Array): void => expect(Buffer.compare(a, b)).toBe(0);
    same(await zip.read('a'), content);
    for (const [begin, end] of [
      [0, 10],
      [10, 100_000],
      [99_000, 99_001],
      [299_990, 300_000],
      [5, 5],
    ] as const)
      same(await zip.read('a', { begin, end }), content.slice(begin, end));
    expect(await zip.read('b')).toEqual(text('hello'));
    same(await zip.read('a'), content);
  });

  test('are read by several at a time', async () => {
    const contents = [1, 7, 11].map((step) => Uint8Array.from({ length: 200_000 }, (_, index) => (index * step) >> 6));
    const names = ['a', 'b', 'c'];
    const parts = names.map((name, index) => ({ name, bytes: contents[index] as Uint8Array, method: 8 as const }));
    const zip = await open(zipOf(...parts));
    const read = names.flatMap((name, index) =>
      [0, 50_000, 120_000].map(async (begin) => {
        const bytes = await zip.read(name, { begin, end: begin + 80_000 });
        return Buffer.compare(bytes, (contents[index] as Uint8Array).subarray(begin, begin + 80_000));
      }),
    );
    expect(await Promise.all(read)).toEqual(read.map(() => 0));
  });

  test.each([0, 8] as const)('have their checksum checked part after part, by method %i', async (method) => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index);
    const zip = await open(zipOf({ name: 'a', bytes, method, crc: 7 }));
    await zip.read('a', { begin: 0, end: 400 });
    await expect(zip.read('a', { begin: 400, end: 1000 })).rejects.toThrow('does not have its checksum');
    expect(await zip.read('a', { begin: 500, end: 600 })).toEqual(bytes.slice(500, 600));
  });

  test('whose checksum was not computed are read', async () => {
    const zip = await open(zipOf({ name: 'a', bytes: text('hello'), crc: 0 }));
    expect(await zip.read('a')).toEqual(text('hello'));
  });

  test.each<[string, string, Uint8Array]>([
    [
      'two entries of a name',
      "has two entries 'a'",
      zipOf({ name: 'a', bytes: text('x') }, { name: 'a', bytes: text('y') }),
    ],
    ['a name that leads up', "has an entry '../a', which leads out", zipOf({ name: '../a', bytes: text('x') })],
    ['a name that leads up within', "'a/../../b'", zipOf({ name: 'a/../../b', bytes: text('x') })],
    ['a name from the root', "'/etc/passwd'", zipOf({ name: '/etc/passwd', bytes: text('x') })],
    ['a name of another system', String.raw`'C:\a'`, zipOf({ name: String.raw`C:\a`, bytes: text('x') })],
    ['what is encrypted', "'a' that is encrypted", zipOf({ name: 'a', bytes: text('x'), flags: 1 })],
    [
      'a size that deflate cannot give',
      'of 1000000 bytes in 3, which cannot be',
      zipOf({ name: 'a', bytes: text('x'), method: 8, size: 1_000_000 }),
    ],
    [
      'what fills memories',
      'no values are compressed to less than a hundredth',
      zipOf({ name: 'a', bytes: text('x'), method: 8, size: 70_000_000, packed: new Uint8Array(69_000) }),
    ],
    [
      'a stored entry of two sizes',
      'of 2 bytes in 1, which cannot be',
      zipOf({ name: 'a', bytes: text('x'), size: 2 }),
    ],
    [
      'entries that overlap',
      "has an entry 'b' that overlaps another",
      zipOf({ name: 'a', bytes: text('xyz') }, { name: 'b', bytes: text('xyz'), offset: 4 }),
    ],
    ['what is no zip file', 'has no directory at its end', text('PK\u0003\u0004 and nothing more')],
    ['what is cut off', 'has no directory at its end', zipOf({ name: 'a', bytes: text('x') }).subarray(0, -1)],
    ['nothing', 'has no directory at its end', new Uint8Array(0)],
  ])('with %s are refused', async (_, problem, bytes) => {
    const error: unknown = await open(bytes).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toContain(problem);
  });

  test.each<[string, string, Part]>([
    ['another checksum', 'does not have its checksum', { name: 'a', bytes: text('hello'), crc: 7 }],
    ['more than it says', 'inflates to more than 4 bytes', { name: 'a', bytes: text('hello'), method: 8, size: 4 }],
    ['less than it says', 'inflates to 5 bytes, not 6', { name: 'a', bytes: text('hello'), method: 8, size: 6 }],
    [
      'what nobody deflated',
      "'a' is damaged",
      { name: 'a', bytes: text('hello'), method: 8, packed: Uint8Array.of(0xff, 0xff, 0xff, 0xff) },
    ],
    [
      'half of what was deflated',
      "'a' is damaged",
      {
        name: 'a',
        bytes: new Uint8Array(5000).map((_, i) => (i * 7919) >> 3),
        method: 8,
        packed: deflateRawSync(new Uint8Array(5000).map((_, i) => (i * 7919) >> 3)).subarray(0, -100),
      },
    ],
  ])('an entry with %s is refused', async (_, problem, part) => {
    const zip = await open(zipOf(part));
    const error: unknown = await zip.read('a').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toContain(problem);
  });

  test('refuse a name that they have not, and a range beyond', async () => {
    const zip = await open(zipOf({ name: 'a', bytes: text('hello') }));
    await expect(zip.read('b')).rejects.toThrow("x.zip: at byte 105: has no entry 'b'");
    await expect(zip.read('a', { begin: 2, end: 6 })).rejects.toThrow("'a' has 5 bytes, not 2 to 6");
  });

  test('a writer refuses a name again, and bytes that are more or fewer than was said', async () => {
    const zip = zipWriter(memorySink());
    await zip.add('a', 2, [text('ab')]);
    await expect(zip.add('a', 2, [text('ab')])).rejects.toThrow("two entries 'a'");
    await expect(zip.add('b', 1, [text('ab')])).rejects.toThrow("'b' has more than the 1 bytes that it was to have");
    await expect(zip.add('c', 3, [text('ab')])).rejects.toThrow("'c' has 2 bytes, not the 3 that it was to have");
  });
});
