/** Pictures as data of a run: of any sizes, grey or in colour, parted by a seed unless they are parted already. */
import { existsSync } from 'node:fs';
import { augmentationFlaw, augmented } from '@espalier/data';
import {
  foldPictures,
  leastSide,
  mostSide,
  normalisationOf,
  preparedPictures,
  type GalleryPicture,
  type PicturePreparation,
} from '@espalier/data/node';
import { deriveSeed } from '@espalier/nn';
import type { Device } from '@espalier/tensor';
import type { Data, DataSource } from '../../data/source.ts';
import { UsageError } from '../../errors.ts';
import { oneOf, optional, text, wholeNumber, type Field } from '../../fields.ts';
import { partingOf, withParting } from '../saved-preparation.ts';
import { judgePictures, judgePicturesOn } from './judge-pictures.ts';
import { openPictures, type PictureUse } from './open-pictures.ts';
import { predictPictures, preparationOf } from './predict-pictures.ts';

const someNumbers: Field = {
  allowed: 'a list of numbers, one for each channel',
  optional: true,
  accepts: (value) =>
    Array.isArray(value) && (value.length === 1 || value.length === 3) && value.every((each) => Number.isFinite(each)),
};

const someAugmentations: Field = {
  allowed: "a list such as [{ type: 'flip' }, { type: 'crop', by: 2 }]",
  optional: true,
  accepts: (value) => augmentationFlaw(value) === undefined,
  flaw: (value) => augmentationFlaw(value) ?? '',
};

/** Parts of pictures as examples. */
function asData(
  { seed, augment = [] }: PictureUse,
  preparation: PicturePreparation,
  { train, test }: Readonly<Record<'train' | 'test', readonly GalleryPicture[]>>,
  device: Device,
): Data {
  const { size, colour, classes } = preparation;
  return {
    train: preparedPictures(train, preparation, { device }),
    test: preparedPictures(test, preparation, { device }),
    input: [colour === 'grey' ? 1 : 3, size, size],
    classes: classes.length,
    classNames: classes,
    preparation: withParting(preparation, { seed }),
    ...(augment.length > 0 && {
      augment: (own, of) =>
        augmented(own, augment, {
          size: [size, size],
          seed: deriveSeed(seed, `augment/${of}`),
          classes: classes.length,
        }),
    }),
  };
}

/** Pictures in a folder by classes, listed by a table, or in IDX files. */
export const pictureSource: DataSource<PictureUse> = {
  name: 'pictures',
  options: {
    path: text,
    seed: wholeNumber(0),
    size: optional(wholeNumber(leastSide, mostSide)),
    colour: optional(oneOf(['grey', 'colour'])),
    fit: optional(oneOf(['crop', 'stretch', 'pad'])),
    mean: someNumbers,
    std: someNumbers,
    classes: { allowed: 'a list of names', optional: true, accepts: Array.isArray },
    augment: someAugmentations,
  },
  check: ({ path }) => {
    if (!existsSync(path))
      throw new UsageError(`${path}: there is no such folder: give pictures by class, such as flowers`);
  },
  reads: ({ path }) => [path],
  open: async (use, device) => {
    const { train, test, preparation } = await openPictures(use);
    return {
      ...asData(use, preparation, { train, test }, device),
      folds: async (count) =>
        (await foldPictures({ source: use.path, pictures: train }, count, use.seed)).map((fold) => async () => {
          const own = { ...preparation, ...(await normalisationOf(fold.train, preparation)) };
          const { test: validate, ...data } = asData(use, own, { train: fold.train, test: fold.validate }, device);
          return { ...data, validate, test: validate };
        }),
    };
  },
  judge: judgePictures,
  judgeOn: judgePicturesOn,
  predict: predictPictures,
  goOn: ({ preparation, from, path, seed }) => {
    const { size, colour, fit, mean, std, classes } = preparationOf(from, preparation);
    const options = { path, size, colour, fit, mean, std, classes, ...partingOf(preparation, seed) };
    return { source: { source: 'pictures', options }, task: 'classification' };
  },
};
