// What there is to know of pictures before they are learnt from, wherever they are.
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FormatError } from '@espalier/nn';
import {
  galleryClasses,
  openGallery,
  openUnlabelled,
  partsOf,
  pictureKind,
  preparedPictures,
  readPicturePreparation,
  surveyPictures,
} from '@espalier/data/node';
import { device } from '@espalier/tensor';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let folder = '';
const at = (...parts: string[]): string => join(folder, ...parts);
beforeEach(() => {
  folder = mkdtempSync(join(realpathSync(tmpdir()), 'espalier-gallery-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const side = 8;

/** Pixels that follow from a number, such that no two pictures are the same. */
const pixelsOf = (number: number, size = side * side): Uint8Array =>
  Uint8Array.from({ length: size }, (_, place) => (number * 37 + place * 11 + ((number * place) % 13)) % 256);

async function write(path: string, number: number, width = side, height = side): Promise<void> {
  mkdirSync(join(path, '..'), { recursive: true });
  await sharp(pixelsOf(number, width * height), { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .toFile(path);
}

/** Some pictures of each class, by folders. */
async function writeClasses(root: string, classes: readonly string[], count: number): Promise<void> {
  for (const [index, value] of classes.entries())
    for (let number = 0; number < count; number++)
      await write(at(root, value, `${number}.png`), number * classes.length + index);
}

function idx(shape: readonly number[], values: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint32(0, 0x0800 + shape.length);
  for (const [axis, size] of shape.entries()) header.setUint32(4 + 4 * axis, size);
  return Buffer.concat([new Uint8Array(header.buffer), values]);
}

describe('a survey', () => {
  test('tells classes, sizes, copies and parts; copies are in the same part', async () => {
    await writeClasses('all', ['a b', 'ñandú'], 10);
    await write(at('all', 'a b', 'large.png'), 99, 40, 30);
    for (const name of ['copy 1.png', 'copy 2.png']) copyFileSync(at('all', 'a b', '3.png'), at('all', 'a b', name));
    mkdirSync(at('all', 'void'));
    const gallery = await openGallery(at('all'));
    const survey = await surveyPictures(gallery, { seed: 3 });
    expect(survey).toMatchObject({ copies: 2, leaked: 0, isParted: false, colour: 'grey', size: 8, damaged: [] });
    expect(survey.empty).toEqual([at('all', 'void')]);
    expect(survey.sizes).toEqual([
      { height: 8, width: 8, count: 22 },
      { height: 30, width: 40, count: 1 },
    ]);
    expect(survey.classes.map(({ value, count }) => [value, count])).toEqual([
      ['a b', 13],
      ['ñandú', 10],
    ]);
    expect([...survey.train, ...survey.test].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 23 }, (_, i) => i),
    );
    const copies = new Set(['3.png', 'copy 1.png', 'copy 2.png']);
    const isCopy = (index: number): boolean => copies.has(gallery.pictures[index]?.name.replace('a b/', '') ?? '');
    expect([0, 3]).toContain(survey.train.filter(isCopy).length);
    const again = await partsOf(gallery, 3);
    expect([[...again[0]], [...again[1]]]).toEqual([[...survey.train], [...survey.test]]);
  });

  test('tells what is passed over, and pictures that are in two classes', async () => {
    await writeClasses('all', ['a', 'b'], 4);
    copyFileSync(at('all', 'a', '1.png'), at('all', 'b', 'same.png'));
    for (const name of ['scan.bmp', 'notes.txt']) writeFileSync(at('all', 'b', name), 'no picture');
    const survey = await surveyPictures(await openGallery(at('all')), { seed: 3 });
    expect(survey).toMatchObject({ copies: 1, disputed: 2, damaged: [] });
    expect(survey.passedOver).toEqual([at('all', 'b', 'notes.txt'), at('all', 'b', 'scan.bmp')]);
  });

  test('names what is damaged: cut, of another kind, and of no bytes', async () => {
    await writeClasses('all', ['a', 'b'], 4);
    await write(at('all', 'a', 'cut.png'), 50, 64, 64);
    truncateSync(at('all', 'a', 'cut.png'), 300);
    writeFileSync(at('all', 'a', 'text.jpg'), 'no picture');
    writeFileSync(at('all', 'b', 'nothing.webp'), '');
    const { damaged } = await surveyPictures(await openGallery(at('all')), { seed: 3 });
    expect(damaged.map(({ path }) => path).toSorted()).toEqual([
      at('all', 'a', 'cut.png'),
      at('all', 'a', 'text.jpg'),
      at('all', 'b', 'nothing.webp'),
    ]);
    for (const { path, problem } of damaged) expect(problem).toContain(`${path}: at byte 0: cannot be decoded`);
  });

  test('takes the parts that are told, and tells how many pictures are in both', async () => {
    await writeClasses('parted/train', ['a', 'b'], 6);
    await writeClasses('parted/test', ['a', 'b'], 2);
    await write(at('parted/test/b/new.png'), 77);
    const survey = await surveyPictures(await openGallery(at('parted')), { seed: 3 });
    expect(survey).toMatchObject({ isParted: true, leaked: 4 });
    expect([survey.train.length, survey.test.length]).toEqual([12, 5]);
    mkdirSync(at('parted/val'));
    await expect(openGallery(at('parted'))).rejects.toThrow(/val: lies beside train and test/u);
  });
});

describe('the same pictures', () => {
  test('are the same numbers from folders, by a table, and in IDX files, packed or not', async () => {
    const count = 12;
    const classOf = (number: number): string => String(number % 2);
    for (const part of ['train', 'test'])
      for (let number = 0; number < count; number++)
        await write(
          at('png', part, classOf(number), `${String(number).padStart(3, '0')}.png`),
          number + (part === 'test' ? 40 : 0),
        );
    const rows = ['train', 'test'].flatMap((part) =>
      Array.from({ length: count }, (_, number) => {
        const name = String(number).padStart(3, '0');
        return `${part}/${classOf(number)}/${name}.png,${classOf(number)},${part}`;
      }),
    );
    writeFileSync(at('png-list.csv'), '');
    mkdirSync(at('listed'));
    symlinkSync(at('png', 'train'), at('listed', 'train'));
    symlinkSync(at('png', 'test'), at('listed', 'test'));
    writeFileSync(at('listed', 'manifest.csv'), `file,class,part\n${rows.join('\n')}\n`);
    for (const [root, pack] of [
      ['idx', (bytes: Uint8Array) => bytes],
      ['gz', gzipSync],
    ] as const) {
      mkdirSync(at(root));
      const ending = root === 'gz' ? '.gz' : '';
      for (const [name, first] of [
        ['train', 0],
        ['t10k', 40],
      ] as const) {
        const pixels = Buffer.concat(Array.from({ length: count }, (_, number) => pixelsOf(number + first)));
        const labels = Uint8Array.from({ length: count }, (_, number) => number % 2);
        writeFileSync(at(root, `${name}-images-idx3-ubyte${ending}`), pack(idx([count, side, side], pixels)));
        writeFileSync(at(root, `${name}-labels-idx1-ubyte${ending}`), pack(idx([count], labels)));
      }
    }
    const cpu = await device('cpu');
    const read = async (root: string): Promise<unknown> => {
      const gallery = await openGallery(at(root));
      const survey = await surveyPictures(gallery, { seed: 1 });
      const { size, colour, fit, mean, std } = survey;
      const preparation = {
        source: 'pictures',
        size,
        colour,
        fit,
        mean,
        std,
        classes: galleryClasses(gallery),
      } as const;
      const data = preparedPictures(gallery.pictures, preparation, { device: cpu });
      const { x, y } = await data.batch(Array.from({ length: data.size }, (_, index) => index));
      return { preparation, train: [...survey.train], x: [...(await x.data())], y: [...(await y.data())] };
    };
    const first = await read('png');
    for (const other of ['listed', 'idx', 'gz']) await expect(read(other)).resolves.toEqual(first);
    expect([pictureKind(at('png')), pictureKind(at('listed', 'manifest.csv')), pictureKind(at('gz'))]).toEqual([
      'folder',
      'manifest',
      'idx',
    ]);
  });

  test('have mean 0 and deviation 1 by channel where they are learnt from', async () => {
    await writeClasses('all', ['a', 'b'], 10);
    const gallery = await openGallery(at('all'));
    const { mean, std, train } = await surveyPictures(gallery, { seed: 1 });
    const preparation = {
      source: 'pictures',
      size: side,
      colour: 'grey',
      fit: 'crop',
      mean,
      std,
      classes: ['a', 'b'],
    } as const;
    const data = preparedPictures(gallery.pictures, preparation, { device: await device('cpu') });
    const values = [...(await (await data.batch(train)).x.data())];
    const average = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(average).toBeCloseTo(0, 4);
    expect(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / values.length).toBeCloseTo(1, 4);
    expect(readPicturePreparation(JSON.parse(JSON.stringify(preparation)))).toEqual(preparation);
  });
});

describe('what is refused', () => {
  test('links in a circle, and links that lead nowhere', async () => {
    await writeClasses('all', ['a', 'b'], 2);
    symlinkSync(at('all'), at('all', 'a', 'back'));
    await expect(openGallery(at('all'))).rejects.toThrow(/a\/back: is a link that leads to .*all, which it lies in/u);
    rmSync(at('all', 'a', 'back'));
    symlinkSync(at('gone.png'), at('all', 'a', 'gone.png'));
    await expect(openGallery(at('all'))).rejects.toThrow(/gone\.png: is a link that leads nowhere/u);
  });

  test('one picture as something to learn from, though it can be asked about', async () => {
    await write(at('one.png'), 1);
    await expect(openGallery(at('one.png'))).rejects.toThrow(/is one picture, without a class/u);
    const { pictures } = await openUnlabelled(at('one.png'));
    expect(pictures.map(({ name }) => name)).toEqual(['one.png']);
  });

  test('a picture of a class that a preparation does not know, by its name', async () => {
    await writeClasses('all', ['a', 'c'], 1);
    const { pictures } = await openGallery(at('all'));
    const preparation = {
      source: 'pictures',
      size: 8,
      colour: 'grey',
      fit: 'crop',
      mean: [0],
      std: [1],
      classes: ['a', 'b'],
    } as const;
    const cpu = await device('cpu');
    expect(() => preparedPictures(pictures, preparation, { device: cpu })).toThrow(
      /0\.png: is of the class 'c', which is none of a, b/u,
    );
  });

  test.each([
    ['size', 7],
    ['size', 225],
    ['colour', 'red'],
    ['mean', [0, 0]],
    ['std', [0]],
    ['classes', ['a']],
    ['fit', 'tight'],
    ['source', 'table'],
  ])('a preparation whose %s is %j', (name, value) => {
    const whole = {
      source: 'pictures',
      size: 8,
      colour: 'grey',
      fit: 'crop',
      mean: [0],
      std: [1],
      classes: ['a', 'b'],
    };
    expect(() => readPicturePreparation({ ...whole, [name]: value })).toThrow(new RegExp(`preparation\\.${name}`, 'u'));
  });

  test('packed IDX files that are cut, and images without labels', async () => {
    const packed = gzipSync(idx([2, 2, 2], Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8])));
    writeFileSync(at('train-images-idx3-ubyte.gz'), packed.subarray(0, 20));
    await expect(openGallery(at('train-images-idx3-ubyte.gz'))).rejects.toThrow(
      /has no labels beside it: put train-labels-idx1-ubyte/u,
    );
    writeFileSync(at('train-labels-idx1-ubyte'), idx([2], Uint8Array.from([0, 1])));
    writeFileSync(at('train-images-idx3-ubyte'), idx([2, 0, 2], new Uint8Array()));
    await expect(openGallery(at('train-images-idx3-ubyte'))).rejects.toThrow(/its images have 0 × 2 pixels/u);
    await expect(openGallery(at('train-images-idx3-ubyte.gz'))).rejects.toThrow(FormatError);
    await expect(openGallery(at('train-images-idx3-ubyte.gz'))).rejects.toThrow(/cannot be unpacked/u);
  });

  test('packed IDX files that unpack to a thousand times their bytes', async () => {
    const size = 80 * 2 ** 20;
    writeFileSync(at('train-labels-idx1-ubyte'), idx([1], Uint8Array.from([0])));
    writeFileSync(at('train-images-idx3-ubyte.gz'), gzipSync(idx([1, size, 1], new Uint8Array(size))));
    await expect(openGallery(at('train-images-idx3-ubyte.gz'))).rejects.toThrow(/cannot be unpacked/u);
  });
});
