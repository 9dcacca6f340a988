/** Reads pictures of every kind, through the decoder that the product has, and the preparations of pictures that are saved with models. */
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { openGallery, openUnlabelled, readPicturePreparation } from '@espalier/data/node';
import { mutateBytes } from '../engine/mutate-bytes.ts';
import { mutateRange } from '../engine/mutate-range.ts';
import { mutatePng } from '../engine/png.ts';
import type { Random } from '../engine/random.ts';
import { ofObjects, type MemoryLimit, type Reader } from '../engine/reader.ts';

/** A pixel of the largest depth that is decoded: four channels of 16 bits. */
const bytesPerPixel = 8;

const golden = new URL('../../../packages/data/test/golden/pictures/', import.meta.url);

/**
 * What decodes is no JavaScript, and what it takes is seen by what the process has: its threads and what its allocator keeps for them are in
 * that, and most of it varies from one mutant to the next.
 */
const ofNative: Partial<MemoryLimit> = { free: 16 * 2 ** 20, isNative: true };

/** The library that the package decodes with, found where that is. */
const sharp = createRequire(new URL('../../../packages/data/package.json', import.meta.url))('sharp') as (
  pixels: Uint8Array,
  options: object,
) => { readonly toFormat: (format: string) => { readonly toBuffer: () => Promise<Uint8Array> } };

type Ending = 'png' | 'jpg' | 'webp';

/** Noise of 512 pixels each way. */
async function large(ending: Ending): Promise<Uint8Array> {
  const side = 512;
  const noise = Uint8Array.from({ length: 3 * side * side }, (_, index) => Math.imul(index + 1, 0x9e3779b1) >>> 24);
  const picture = sharp(noise, { raw: { width: side, height: side, channels: 3 } });
  return picture.toFormat(ending).toBuffer();
}

/** Pictures without checksums: half of the mutants are as long as they were. */
const mutatePacked = (input: Uint8Array, random: Random): Uint8Array =>
  random.chance(0.5) ? mutateRange(input, random) : mutateBytes(input, random);

/** Files of one kind: the ending says which decoder is meant, and the bytes which is taken. */
const picturesOf = (name: string, ending: Ending, seeds: readonly string[], mutate: Reader['mutate']): Reader => ({
  name,
  limit: ofNative,
  seeds: async () => [
    ...(await Promise.all(seeds.map((seed) => readFile(new URL(seed, golden))))),
    await large(ending),
  ],
  mutate,
  read: async (input, folder, passed) => {
    const path = join(folder, `picture.${ending}`);
    await writeFile(path, input);
    const { pictures } = await openUnlabelled(path);
    const look = await pictures[0]?.look();
    if (look) passed(look.height * look.width * bytesPerPixel);
    await pictures[0]?.decode({ channels: 3, height: 8, width: 8, fit: 'crop' });
  },
});

/** PNG files. */
export const pngReader: Reader = picturesOf(
  'png',
  'png',
  ['grey-16.png', 'palette-alpha.png', 'alpha.png', 'bits-1.png'],
  (input, random) => (random.chance(0.7) ? mutatePng : mutateBytes)(input, random),
);

/** JPEG files. */
export const jpegReader: Reader = picturesOf(
  'jpeg',
  'jpg',
  ['turned-6.jpg', 'progressive.jpg', 'cmyk.jpg'],
  mutatePacked,
);

/** WebP files. */
export const webpReader: Reader = picturesOf('webp', 'webp', ['colour.webp', 'alpha.webp'], mutatePacked);

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
  // What is packed, or how.
  mutate: (input, random) => {
    if (random.chance(0.3)) return mutateBytes(input, random);
    const begin = random.pick([4, 16]);
    if (input[0] === 0) return mutateRange(input, random, begin);
    return gzipSync(mutateRange(gunzipSync(input), random, begin));
  },
  read: async (input, folder, passed) => {
    const images = join(folder, 'train-images-idx3-ubyte.gz');
    await writeFile(images, input);
    await writeFile(join(folder, 'train-labels-idx1-ubyte'), idx([2], [0, 1]));
    const { pictures } = await openGallery(images);
    passed();
    await pictures[0]?.decode({ channels: 1, height: 2, width: 2, fit: 'crop' });
  },
};

/** Preparations of pictures. */
export const picturePreparationReader: Reader = {
  name: 'picture-preparation',
  limit: ofObjects,
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
