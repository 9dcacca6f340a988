// Folds of pictures: copies stay together, and how pictures are normalised follows from those of the training part.
import { describe, expect, test } from 'vitest';
import { DataError } from '@espalier/data';
import { foldPictures, normalisationOf, type GalleryPicture } from '@espalier/data/node';

/** A grey picture of 2 pixels a side, all of one brightness; its digest is that. */
const picture = (name: string, label: string, brightness: number): GalleryPicture => ({
  path: name,
  name,
  label,
  look: async () => ({ height: 2, width: 2, isGrey: true, digest: String(brightness) }),
  decode: async () => new Uint8Array(4).fill(brightness),
});

const pictures = Array.from({ length: 30 }, (_, index) => {
  // The last five are copies of the first ones.
  const of = index < 25 ? index : index - 25;
  return picture(`${index}.png`, of % 5 === 0 ? 'rare' : 'usual', of * 10);
});

describe('foldPictures', () => {
  test('judges each picture once, its copies with it, each class by its share', async () => {
    const folds = await foldPictures({ source: 'flowers', pictures }, 5, 3);
    expect(folds.flatMap(({ validate }) => validate.map(({ name }) => name)).toSorted()).toEqual(
      pictures.map(({ name }) => name).toSorted(),
    );
    const looked = new Map(await Promise.all(pictures.map(async ({ name, look }) => [name, (await look()).digest] as const))); // prettier-ignore
    for (const { train, validate } of folds) {
      const learnt = new Set(train.map(({ name }) => looked.get(name)));
      expect(validate.filter(({ name }) => learnt.has(looked.get(name)))).toEqual([]);
      const rare = new Set(validate.filter(({ label }) => label === 'rare').map(({ name }) => looked.get(name)));
      expect(rare.size).toBe(1);
    }
  });

  test('and their mean and deviation are those of the training part', async () => {
    const [fold] = await foldPictures({ source: 'flowers', pictures }, 5, 3);
    const train = fold?.train ?? [];
    const { mean, std } = await normalisationOf(train, { size: 8, colour: 'grey', fit: 'crop' });
    const values = await Promise.all(train.map(async ({ decode }) => ((await decode({ channels: 1, height: 8, width: 8, fit: 'crop' }))[0] ?? 0) / 255)); // prettier-ignore
    const middle = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean[0]).toBeCloseTo(middle, 9);
    expect(std[0]).toBeCloseTo(
      Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / values.length),
      6,
    );
  });

  test('refuses more folds than there are different pictures', async () => {
    await expect(foldPictures({ source: 'flowers', pictures }, 26, 3)).rejects.toThrow(DataError);
  });
});
