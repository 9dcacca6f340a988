/** Pictures as what a run is made of: parted, and made to fit. */
import type { Augmentation } from '@espalier/data';
import {
  galleryClasses,
  openGallery,
  partsOf,
  surveyPictures,
  type Gallery,
  type GalleryPicture,
  type PicturePreparation,
  type PictureSurvey,
} from '@espalier/data/node';
import { FormatError } from '@espalier/nn';
import { UsageError } from '../../errors.ts';

/** Pictures to learn from. */
export interface PictureUse {
  /** A folder by classes, a table that lists pictures, IDX files. */
  readonly path: string;
  /** Of the parts, and of what is drawn for augmentation. */
  readonly seed: number;
  /** Pixels of a side. Default: chosen by the pictures. */
  readonly size?: number;
  readonly colour?: 'grey' | 'colour';
  readonly fit?: PicturePreparation['fit'];
  /** Of the pixels of each channel. Default: as the training part has them. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** In the order that a model has them in. Default: in that of their names. */
  readonly classes?: readonly string[];
  /** How pictures are changed in training. Default: not at all. */
  readonly augment?: readonly Augmentation[];
}

/** Pictures, parted, and how they become examples. */
export interface OpenedPictures {
  readonly train: readonly GalleryPicture[];
  /** No decision is made by them. */
  readonly test: readonly GalleryPicture[];
  readonly preparation: PicturePreparation;
}

/** Fewer pictures leave too little in the parts. */
const fewestPictures = 20;

/**
 * Makes sure that pictures can be learnt from.
 * @throws {FormatError} naming the first damaged picture.
 * @throws {UsageError} naming a class without pictures, a class with one, and for a single class or too few pictures.
 */
export function checkSurvey(path: string, { damaged, empty, classes, isParted, train, test }: PictureSurvey): void {
  const [broken] = damaged;
  const others = damaged.length > 1 ? `; ${damaged.length - 1} more are damaged` : '';
  if (broken)
    throw new FormatError(
      broken.path,
      0,
      `${broken.problem}${others}: mend or remove it; espalier data ${path} shows all`,
    );
  const [without] = empty;
  if (without !== undefined)
    throw new UsageError(`${without}: this class has no pictures (PNG, JPEG, WebP): add some, or remove the folder`);
  const [only] = classes;
  if (classes.length < 2)
    throw new UsageError(
      `${path}: all pictures are of the class '${only?.value ?? ''}': give a folder for each of two classes at least`,
    );
  const short = classes.find((each) => each.train === 0 || (!isParted && each.test === 0));
  if (short)
    throw new UsageError(
      isParted
        ? `${path}: the class '${short.value}' has no pictures to learn from: add some to train`
        : `${path}: the class '${short.value}' has ${short.count === 1 ? 'one picture' : 'too few different pictures'}: give at least two of each class, so that one can be learnt from and one judged by`,
    );
  const count = train.length + test.length;
  if (count < fewestPictures || test.length === 0)
    throw new UsageError(
      `${path}: it has ${train.length} pictures to learn from and ${test.length} to judge by: give at least ${fewestPictures}, some of them to judge by`,
    );
}

const take = ({ pictures }: Gallery, numbers: Int32Array): GalleryPicture[] =>
  Array.from(numbers, (index) => pictures.at(index) as GalleryPicture);

/** How pictures are made to fit, where nothing of it is left to be seen: then no worker looks at all of them again. */
function told({
  size,
  colour,
  mean,
  std,
}: PictureUse): Pick<PicturePreparation, 'size' | 'colour' | 'mean' | 'std'> | undefined {
  return size !== undefined && colour && mean && std ? { size, colour, mean, std } : undefined;
}

/**
 * Lists pictures, parts them, and makes them fit: each part has its share of every class, and copies of a picture are in the same.
 * @throws {DataError | FormatError | UsageError} naming the file, for what cannot be learnt from.
 */
export async function openPictures(use: PictureUse): Promise<OpenedPictures> {
  const { path, seed, fit = 'crop' } = use;
  const gallery = await openGallery(path);
  const classes = use.classes ?? galleryClasses(gallery);
  const known = told(use);
  if (known) {
    const [train, test] = await partsOf(gallery, seed);
    return {
      train: take(gallery, train),
      test: take(gallery, test),
      preparation: { source: 'pictures', fit, classes, ...known },
    };
  }
  const survey = await surveyPictures(gallery, use);
  checkSurvey(path, survey);
  const { size, colour, mean, std } = survey;
  const preparation = { source: 'pictures', size, colour, fit, classes, mean, std } as const;
  return { train: take(gallery, survey.train), test: take(gallery, survey.test), preparation };
}
