import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FormatError } from '@espalier/nn';
import { DataError } from '@espalier/data';
import { readIdxPictures, readPictures } from '@espalier/data/node';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const count = 24;
const side = 6;
const pixel = (picture: number, at: number): number => (picture * 37 + at * 11) % 256;
const labels = Array.from({ length: count }, (_, picture) => picture % 3);

let folder = '';
const at = (...parts: string[]): string => join(folder, ...parts);

function idx(shape: readonly number[], values: readonly number[]): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint32(0, 0x0800 + shape.length);
  for (const [axis, size] of shape.entries()) header.setUint32(4 + 4 * axis, size);
  return Uint8Array.from([...new Uint8Array(header.buffer), ...values]);
}

async function write(
  path: string,
  pixels: readonly number[],
  size: { width: number; height: number; channels: 1 | 3 | 4 },
): Promise<void> {
  mkdirSync(join(path, '..'), { recursive: true });
  await sharp(Uint8Array.from(pixels), { raw: size }).toFile(path);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-pictures-'));
  const grey = { width: side, height: side, channels: 1 } as const;
  const all = Array.from({ length: count }, (_, picture) =>
    Array.from({ length: side * side }, (_unused, place) => pixel(picture, place)),
  );
  for (const [picture, pixels] of all.entries())
    await write(at('png', String(labels[picture]), `${String(picture).padStart(3, '0')}.png`), pixels, grey);
  writeFileSync(at('images'), idx([count, side, side], all.flat()));
  writeFileSync(at('labels'), idx([count], labels));
  const rows = all.map((_, picture) => `${labels[picture]}/${String(picture).padStart(3, '0')}.png,${labels[picture]}`);
  writeFileSync(at('list.csv'), `file,class\n${rows.join('\n')}\n`);
  writeFileSync(at('png', 'notes.txt'), 'no picture');
  const colours = [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30];
  await write(at('colour', 'a', '1.png'), colours, { width: 2, height: 2, channels: 3 });
  await write(at('colour', 'b', '2.png'), [...colours, ...colours], { width: 4, height: 2, channels: 3 });
  await write(at('kinds', 'a', '1.jpg'), new Array(16 * 16 * 3).fill(200), { width: 16, height: 16, channels: 3 });
  await write(at('kinds', 'a', '2.webp'), new Array(16 * 16 * 3).fill(200), { width: 16, height: 16, channels: 3 });
  await write(
    at('kinds', 'b', '3.png'),
    Array.from({ length: 16 * 16 * 4 }, (_, place) => (place % 4 === 3 ? 255 : 200)),
    {
      width: 16,
      height: 16,
      channels: 4,
    },
  );
  mkdirSync(at('broken', 'a'), { recursive: true });
  await write(at('broken', 'a', '1.png'), new Array(36).fill(1), grey);
  writeFileSync(at('broken', 'a', '2.png'), 'not a picture');
  mkdirSync(at('empty', 'a'), { recursive: true });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the same pixels are the same dataset: as PNG by folder, as PNG by a table, and as IDX', async () => {
  const sets = [
    await readIdxPictures(at('images'), at('labels')),
    await readPictures(at('png'), { colour: 'grey' }),
    await readPictures(at('png'), { colour: 'grey', manifest: { path: at('list.csv') } }),
  ];
  const order = Array.from({ length: count }, (_, index) => (index * 7) % count);
  const read = await Promise.all(
    sets.map(async ({ dataset, classes, labels: own, shape, config }) => {
      const { x, y } = await dataset.batch(order);
      return { classes, own: [...own], shape, config, x: [...(await x.data())], y: [...(await y.data())], of: x.shape };
    }),
  );
  expect(read[1]).toEqual(read[0]);
  expect(read[2]).toEqual(read[0]);
  expect(read[0]?.of).toEqual([count, 1, side, side]);
  expect(read[0]?.x[3]).toBeCloseTo(pixel(0, 3) / 255, 6);
});

describe('pictures in colour', () => {
  test('are planes of red, green and blue', async () => {
    const { dataset, shape } = await readPictures(at('colour'), { size: 2 });
    expect(shape).toEqual([3, 2, 2]);
    const bytes = Array.from(await (await dataset.batch([0])).x.data(), (value) => Math.round(value * 255));
    expect(bytes).toEqual([255, 0, 0, 10, 0, 255, 0, 20, 0, 0, 255, 30]);
  });

  test('of different sizes need one for all', async () => {
    await expect(readPictures(at('colour'))).rejects.toThrow(
      /2\.png: has 2 × 4 pixels, and .*1\.png 2 × 2; give a size for all/,
    );
    const { dataset } = await readPictures(at('colour'), { size: [4, 3], fit: 'stretch' });
    expect((await dataset.batch([0, 1])).x.shape).toEqual([2, 3, 4, 3]);
  });

  test('of every format are read, also where none is kept', async () => {
    const { dataset, classes, config } = await readPictures(at('kinds'), { memory: 1 });
    expect(classes).toEqual(['a', 'b']);
    for (let time = 0; time < 2; time++) {
      const values = Array.from(await (await dataset.batch([0, 1, 2])).x.data(), (value) => Math.round(value * 255));
      expect(values.every((value) => Math.abs(value - 200) <= 2)).toBe(true);
    }
    const again = await readPictures(at('kinds'), JSON.parse(JSON.stringify(config)));
    expect(again.config).toEqual(config);
  });
});

describe('what is refused', () => {
  test('a broken picture, by its name', async () => {
    const { dataset } = await readPictures(at('broken'), { size: side });
    await expect(dataset.batch([0])).resolves.toBeDefined();
    await expect(dataset.batch([0, 1])).rejects.toThrow(FormatError);
    await expect(dataset.batch([1])).rejects.toThrow(/2\.png: at byte 0: cannot be decoded as a picture/);
    await expect(readPictures(at('broken'))).rejects.toThrow(/2\.png/);
  });

  test('a folder without pictures, a class that is none, a table that leads out', async () => {
    await expect(readPictures(at('empty'))).rejects.toThrow(/has no pictures/);
    await expect(readPictures(at('png'), { classes: ['0', '1'] })).rejects.toThrow(
      /002\.png is of the class '2', which is none of 0, 1/,
    );
    writeFileSync(at('out.csv'), 'file,class\n../images,1\n');
    const error = await readPictures(at('png'), { manifest: { path: at('out.csv') } }).catch(
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ row: 1, column: 'file' });
    writeFileSync(at('out.csv'), 'file,class\n0/000.png,\n');
    await expect(readPictures(at('png'), { manifest: { path: at('out.csv') } })).rejects.toThrow(
      /row 1, column 'class': is missing/,
    );
  });

  test('IDX files that do not match', async () => {
    writeFileSync(at('fewer'), idx([2], [0, 1]));
    await expect(readIdxPictures(at('images'), at('fewer'))).rejects.toThrow(/2 labels for the 24 images/);
  });
});
