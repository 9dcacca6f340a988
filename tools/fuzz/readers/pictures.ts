/** Reads pictures of every kind, through the decoder that the product has, and the preparations of pictures that are saved with models. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openGallery, openUnlabelled, readPicturePreparation } from '@espalier/data/node';
import type { Reader } from '../engine/reader.ts';

const golden = new URL('../../../packages/data/test/golden/pictures/', import.meta.url);

/** Files of one kind: the ending says which decoder is meant, and the bytes which is taken. */
const picturesOf = (name: string, ending: string, seeds: readonly string[]): Reader => ({
  name,
  seeds: () => Promise.all(seeds.map((seed) => readFile(new URL(seed, golden)))),
  mutate: 'bytes',
  read: async (input, folder) => {
    const path = join(folder, `picture.${ending}`);
    await writeFile(path, input);
    const { pictures } = await openUnlabelled(path);
    await pictures[0]?.look();
    await pictures[0]?.decode({ channels: 3, height: 8, width: 8, fit: 'crop' });
  },
});

/** PNG files. */
export const pngReader: Reader = picturesOf('png', 'png', [
  'grey-16.png',
  'palette-alpha.png',
  'alpha.png',
  'bits-1.png',
]);

/** JPEG files. */
export const jpegReader: Reader = picturesOf('jpeg', 'jpg', ['turned-6.jpg', 'progressive.jpg', 'cmyk.jpg']);

/** WebP files. */
export const webpReader: Reader = picturesOf('webp', 'webp', ['colour.webp', 'alpha.webp']);

const idx = (shape: readonly number[], values: readonly number[]): Buffer => {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(0x0800 + shape.length);
  for (const [axis, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * axis);
  return Buffer.concat([header, Buffer.from(values)]);
};

/** Images in IDX that are packed, with labels beside them. */
export const packedIdxReader: Reader = {
  name: 'packed-idx',
  seeds: async () => [gzipSync(idx([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])), idx([2, 2, 2], [9, 9, 9, 9, 0, 0, 0, 0])],
  mutate: 'bytes',
  read: async (input, folder) => {
    const images = join(folder, 'train-images-idx3-ubyte.gz');
    await writeFile(images, input);
    await writeFile(join(folder, 'train-labels-idx1-ubyte'), idx([2], [0, 1]));
    const { pictures } = await openGallery(images);
    await pictures[0]?.decode({ channels: 1, height: 2, width: 2, fit: 'crop' });
  },
};

/** Preparations of pictures. */
export const picturePreparationReader: Reader = {
  name: 'picture-preparation',
  seeds: async () => {
    const given = {
      source: 'pictures',
      size: 8,
      colour: 'grey',
      fit: 'crop',
      mean: [0.5],
      std: [1],
      classes: ['a', 'b'],
    };
    const others = { ...given, colour: 'colour', mean: [0, 0, 1], std: [1, 2, 3] };
    return [given, others].map((config) => Buffer.from(JSON.stringify(config)));
  },
  mutate: 'json',
  read: (input) => {
    let config: unknown;
    try {
      config = JSON.parse(new TextDecoder().decode(input));
    } catch {
      return;
    }
    readPicturePreparation(config);
  },
};
