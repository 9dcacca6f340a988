import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

/** What is to be told apart. */
export const shapes = ['disc', 'square', 'triangle'] as const;

/** How a folder of pictures is made. */
export interface PictureFolder {
  /** Pictures of each class. */
  readonly count: number;
  readonly seed?: number;
  /** Least and most pixels of a side: each picture has sides of its own. */
  readonly sides?: readonly [number, number];
  /** How much noise, against how far shape and ground are apart. */
  readonly noise?: number;
}

/** Numbers in [0, 1) that are the same on every run. */
export function randomNumbers(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Whether a place, from the middle of a shape of radius 1, lies in it. */
const inside: Readonly<Record<(typeof shapes)[number], (x: number, y: number) => boolean>> = {
  disc: (x, y) => x * x + y * y < 0.8,
  square: (x, y) => Math.abs(x) < 0.75 && Math.abs(y) < 0.75,
  triangle: (x, y) => y < 0.6 && y > -0.9 + 1.7 * Math.abs(x),
};

/** Pixels [height, width, 3] of a shape somewhere in a picture, turned, in a colour near that of the ground, under noise. */
export function drawShape(
  shape: (typeof shapes)[number],
  width: number,
  height: number,
  random: () => number,
  noise: number,
): Uint8Array {
  const side = Math.min(width, height);
  const radius = side * (0.28 + 0.12 * random());
  const [left, top] = [width / 2, height / 2].map((middle) => middle + (random() - 0.5) * side * 0.2) as [
    number,
    number,
  ];
  const angle = (random() - 0.5) * 0.8;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const ground = [0, 1, 2].map(() => 70 + 110 * random());
  const paint = ground.map((value) => value + (random() < 0.5 ? -1 : 1) * (45 + 50 * random()));
  const pixels = new Uint8Array(3 * width * height);
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1) {
      const [dx, dy] = [(column - left) / radius, (row - top) / radius];
      const colour = inside[shape](cos * dx + sin * dy, cos * dy - sin * dx) ? paint : ground;
      for (const [channel, value] of colour.entries()) {
        const spread = (random() + random() + random() - 1.5) * noise;
        pixels[3 * (row * width + column) + channel] = Math.max(0, Math.min(255, Math.round(value + spread)));
      }
    }
  return pixels;
}

/**
 * Writes pictures of three shapes into a folder for each: coloured, of mixed sizes, as PNG, JPEG and WebP, by names with blanks and letters
 * of other alphabets; the same bytes for the same seed.
 */
export async function writePictureFolder(folder: string, options: PictureFolder): Promise<void> {
  const { count, seed = 1, sides: [least, most] = [20, 48], noise = 35 } = options;
  const random = randomNumbers(seed);
  for (const shape of shapes) {
    mkdirSync(join(folder, shape), { recursive: true });
    for (let number = 0; number < count; number += 1) {
      const [width, height] = [0, 1].map(() => least + Math.floor(random() * (most - least + 1))) as [number, number];
      const pixels = drawShape(shape, width, height, random, noise);
      const picture = sharp(pixels, { raw: { width, height, channels: 3 } });
      const place = (ending: string): string =>
        join(folder, shape, `${number % 5 === 0 ? 'ein Bild ñ ' : ''}${String(number).padStart(4, '0')}.${ending}`);
      if (number % 3 === 0) await picture.png().toFile(place('png'));
      else if (number % 3 === 1) await picture.jpeg({ quality: 95 }).toFile(place('jpg'));
      else await picture.webp({ lossless: true }).toFile(place('webp'));
    }
  }
}
