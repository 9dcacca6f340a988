/** What there is to know of pictures before they are learnt from: classes, sizes, what is damaged, the parts, how they are made to fit. */
import { FormatError } from '@espalier/nn';
import { aSeed } from '@espalier/nn/arguments';
import { check } from '@espalier/tensor/arguments';
import { DataError } from '../../errors.ts';
import { chooseSide } from '../../pictures/choose-side.ts';
import { inTurn, type PictureFit, type PictureShape } from '../../pictures/picture-dataset.ts';
import { Tally, type Normalisation } from '../../pictures/normalise.ts';
import { inOrderOfValues } from '../../schema/values.ts';
import { splitRows } from '../../split/split.ts';
import type { Look } from './decode.ts';
import { copiesOf } from './copies.ts';
import type { Gallery, GalleryPicture } from './gallery.ts';

/** What may be told of pictures beside where they are. */
export interface SurveyOptions {
  /** Of the parts, where nobody tells them. */
  readonly seed: number;
  /** Pixels of a side. Default: chosen by the sizes and the number of the training pictures. */
  readonly size?: number;
  /** Default: grey if all pictures are. */
  readonly colour?: 'grey' | 'colour';
  /** How pictures of another shape are made to fit. Default: crop. */
  readonly fit?: PictureFit;
}

/** A picture that cannot be read. */
export interface DamagedPicture {
  readonly path: string;
  readonly problem: string;
}

/** A class with the numbers of its pictures. */
export interface SurveyedClass {
  readonly value: string;
  readonly count: number;
  readonly train: number;
  readonly test: number;
}

/** What pictures are, and how they are made to be examples. */
export interface PictureSurvey extends Normalisation {
  readonly classes: readonly SurveyedClass[];
  /** Sizes in pixels with how many pictures have them, the most frequent first. */
  readonly sizes: readonly { readonly height: number; readonly width: number; readonly count: number }[];
  readonly damaged: readonly DamagedPicture[];
  /** Folders of classes that hold no picture. */
  readonly empty: readonly string[];
  /** Files in folders of classes that are no pictures by their ending. */
  readonly passedOver: readonly string[];
  /** How many pictures are copies of another one's bytes. */
  readonly copies: number;
  /** How many have the bytes of one that is of another class. */
  readonly disputed: number;
  /** Of these, how many are told to be in the test part, with the same picture in the training part. */
  readonly leaked: number;
  /** Whether the parts are told by the data. */
  readonly isParted: boolean;
  /** Numbers of the pictures to learn from. */
  readonly train: Int32Array;
  /** Numbers of the pictures to judge by. */
  readonly test: Int32Array;
  readonly size: number;
  readonly colour: 'grey' | 'colour';
  readonly fit: PictureFit;
}

/** Numbers of pictures to learn from, and of pictures to judge by. */
export type Parts = readonly [train: Int32Array, test: Int32Array];

/** The parts of pictures to learn from and to judge by. */
const shares: readonly number[] = [0.8, 0.2];

/** What reading gives, or what is wrong with the picture. */
async function tried<T>(read: () => Promise<T>): Promise<T | FormatError | DataError> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof FormatError || error instanceof DataError) return error;
    throw error;
  }
}

const isWrong = (value: unknown): value is FormatError | DataError =>
  value instanceof FormatError || value instanceof DataError;

/**
 * Parts by a seed: each has its share of every class, and copies of one picture are in the same part, since whoever has learnt one
 * knows the other.
 */
function partPictures(pictures: readonly GalleryPicture[], digests: readonly string[], seed: number): Parts {
  const told = pictures.some(({ part }) => part !== undefined);
  if (told) {
    const of = (wanted: string): Int32Array =>
      Int32Array.from(pictures.flatMap(({ part }, index) => (part === wanted ? [index] : [])));
    return [of('train'), of('test')];
  }
  const groups = copiesOf(digests);
  const classes = groups.map(([first = 0]) => pictures[first]?.label ?? '');
  const [train = new Int32Array(), test = new Int32Array()] =
    groups.length < 2 ? [] : splitRows(groups.length, shares, { seed, classes });
  const within = (part: Int32Array): Int32Array =>
    Int32Array.from(Array.from(part, (place) => groups[place] ?? []).flat()).toSorted();
  return [within(train), within(test)];
}

/** The classes of pictures, in order. */
export function galleryClasses({ pictures }: Gallery): readonly string[] {
  return inOrderOfValues([...new Set(pictures.map(({ label }) => label))]);
}

/**
 * The parts of pictures by a seed, looking at them only where nobody tells the parts.
 * @throws {FormatError} naming the first broken picture.
 */
export async function partsOf({ pictures }: Gallery, seed: number): Promise<Parts> {
  const isTold = pictures.some(({ part }) => part !== undefined);
  const digests = isTold ? [] : (await inTurn(pictures, ({ look }) => look())).map(({ digest }) => digest);
  return partPictures(pictures, digests, seed);
}

function countSizes(looks: readonly Look[]): PictureSurvey['sizes'] {
  const counts = new Map<string, { height: number; width: number; count: number }>();
  for (const { height, width } of looks) {
    const known = counts.get(`${height} ${width}`);
    if (known) known.count += 1;
    else counts.set(`${height} ${width}`, { height, width, count: 1 });
  }
  return [...counts.values()].toSorted((a, b) => b.count - a.count || a.height - b.height || a.width - b.width);
}

/** How many pictures have the bytes of one of another class. */
function countDisputed(pictures: Gallery['pictures'], digests: readonly string[]): number {
  return copiesOf(digests)
    .filter((group) => new Set(group.map((index) => pictures[index]?.label)).size > 1)
    .flat().length;
}

/**
 * Looks at every picture, and decodes each once: whatever is damaged is found here, by name.
 * @throws {DataError} where no picture can be read.
 */
export async function surveyPictures(gallery: Gallery, options: SurveyOptions): Promise<PictureSurvey> {
  const { pictures, source, empty, passedOver = [] } = gallery;
  const { seed, fit = 'crop' } = options;
  check('surveyPictures', 'seed', seed, aSeed);
  const looked = await inTurn(pictures, ({ look }) => tried(look));
  const damaged = new Map<number, string>();
  for (const [index, look] of looked.entries()) if (isWrong(look)) damaged.set(index, look.message);
  const looks = looked.filter((look): look is Look => !isWrong(look));
  if (looks.length === 0)
    throw new DataError(source, {}, `has no picture that can be read; the first: ${damaged.get(0) ?? 'none'}`);
  const digests = looked.map((look, index) => (isWrong(look) ? `broken ${index}` : look.digest));
  const [train, test] = partPictures(pictures, digests, seed);
  const size = options.size ?? chooseSide(looks, train.length);
  const colour = options.colour ?? (looks.every(({ isGrey }) => isGrey) ? 'grey' : 'colour');
  const shape: PictureShape = { channels: colour === 'grey' ? 1 : 3, height: size, width: size, fit };
  const isTrain = new Set(train);
  const tally = new Tally(shape.channels);
  const numbers = Int32Array.from(pictures, (_, index) => index).filter((index) => !damaged.has(index));
  await inTurn(numbers, async (index) => {
    const pixels = await tried(async () => pictures[index]?.decode(shape));
    if (isWrong(pixels)) damaged.set(index, pixels.message);
    else if (pixels && isTrain.has(index)) tally.add(pixels);
  });
  const seen = new Set(Array.from(train, (index) => digests[index]));
  const isParted = pictures.some(({ part }) => part !== undefined);
  return {
    classes: countClasses(gallery, isTrain),
    sizes: countSizes(looks),
    damaged: [...damaged].map(([index, problem]) => ({ path: pictures[index]?.path ?? '', problem })),
    empty,
    passedOver,
    copies: digests.length - new Set(digests).size,
    disputed: countDisputed(pictures, digests),
    leaked: isParted ? test.filter((index) => seen.has(digests[index])).length : 0,
    isParted,
    train,
    test,
    size,
    colour,
    fit,
    ...tally.normalisation(),
  };
}

function countClasses(gallery: Gallery, isTrain: ReadonlySet<number>): readonly SurveyedClass[] {
  const counts = new Map(galleryClasses(gallery).map((value) => [value, { value, count: 0, train: 0, test: 0 }]));
  for (const [index, { label }] of gallery.pictures.entries()) {
    const own = counts.get(label);
    if (!own) continue;
    own.count += 1;
    own[isTrain.has(index) ? 'train' : 'test'] += 1;
  }
  return [...counts.values()];
}
