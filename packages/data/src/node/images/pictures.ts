/** Pictures as datasets: a folder of them, or IDX files, which are the same if their pixels are. */
import { tensorDataset, type Dataset } from '@espalier/nn';
import { defaultDevice, type Device } from '@espalier/tensor';
import {
  aDevice,
  anObject,
  aPositiveInteger,
  aText,
  check,
  checkOptions,
  either,
  listOf,
  oneOf,
  ruleOf,
  type OptionRules,
} from '@espalier/tensor/arguments';
import { commonSize, inTurn, pictureDataset, type PictureFit } from '../../pictures/picture-dataset.ts';
import { decodePicture, lookAt } from './decode.ts';
import { readIdxPair } from './idx-files.ts';
import { classesOf, listFolder, listManifest, type ListedPicture, type Manifest } from './list.ts';

/** How pictures are read. */
export interface PictureOptions {
  /** Pixels of a side, or [height, width]. Default: that of the pictures, which must all have the same. */
  readonly size?: number | readonly [number, number];
  /** Default: colour. */
  readonly colour?: 'grey' | 'colour';
  /** How pictures of another shape are made to fit. Default: crop. */
  readonly fit?: PictureFit;
  /** The classes in the order of their indices. Default: those there are, in order. */
  readonly classes?: readonly string[];
  /** A table that lists files and their classes. Default: classes are the folders that pictures lie in. */
  readonly manifest?: Manifest;
  /** Decoded pictures that are kept take at most so many bytes. Default: 1 GiB. */
  readonly memory?: number;
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
}

/** What is saved with a model of pictures, to read others in the same way. JSON. */
export interface PictureConfig {
  readonly size: readonly [number, number];
  readonly colour: 'grey' | 'colour';
  readonly fit: PictureFit;
  readonly classes: readonly string[];
}

/** Pictures with their classes. */
export interface Pictures {
  /** The files, in order. */
  readonly paths: readonly string[];
  readonly classes: readonly string[];
  /** The index of the class of each. */
  readonly labels: Int32Array;
  /** [channels, height, width]. */
  readonly shape: readonly [number, number, number];
  readonly config: PictureConfig;
  /** x: f32 [batch, channels, height, width] of 0 to 1, made from bytes on the device; y: i32 [batch]. */
  readonly dataset: Dataset;
}

const pictureRules: OptionRules<PictureOptions> = {
  size: either(
    aPositiveInteger,
    ruleOf<readonly [number, number]>(
      '[height, width]',
      (value) => listOf(aPositiveInteger).holds(value) && value.length === 2,
    ),
  ),
  colour: oneOf('grey', 'colour'),
  fit: oneOf('crop', 'stretch', 'pad'),
  classes: listOf(aText),
  manifest: ruleOf(
    "a table of files and classes, such as { path: 'labels.csv' }",
    (value) => anObject.holds(value) && aText.holds(value['path']),
  ),
  memory: aPositiveInteger,
  device: aDevice,
};

const usualMemory = 2 ** 30;

/**
 * A folder of pictures (PNG, JPEG, WebP) as a dataset. Pictures are decoded when they are first asked for; the package `sharp` has to be
 * installed.
 * @throws {DataError} where there are no pictures, they are of different sizes and none is given, or of a class that is none.
 * @throws {FormatError} naming the first broken picture, where it is read.
 *
 * @example
 * const { dataset, classes } = await readPictures('flowers', { size: 64 });
 */
export async function readPictures(folder: string, options: PictureOptions = {}): Promise<Pictures> {
  check('readPictures', 'folder', folder, aText);
  checkOptions('readPictures', options, pictureRules);
  const { manifest, colour = 'colour', fit = 'crop', memory = usualMemory, device = defaultDevice() } = options;
  const { pictures } = manifest ? await listManifest(folder, manifest) : await listFolder(folder);
  const classes = classesOf(manifest?.path ?? folder, pictures, options.classes);
  const files = pictures.map(({ path, label }) => ({ path, label: classes.indexOf(label) }));
  const [height, width] = await sizeOf(pictures, options.size);
  const shape = { channels: colour === 'grey' ? 1 : 3, height, width, fit } as const;
  return {
    paths: files.map(({ path }) => path),
    classes,
    labels: Int32Array.from(files, ({ label }) => label),
    shape: [shape.channels, height, width],
    config: { size: [height, width], colour, fit, classes },
    dataset: pictureDataset(
      files.map(({ label }) => label),
      shape,
      (index) => decodePicture(files[index]?.path ?? '', shape),
      { memory, device },
    ),
  };
}

/** [height, width] as they are told, or as all pictures have them. */
async function sizeOf(
  pictures: readonly ListedPicture[],
  told: PictureOptions['size'],
): Promise<readonly [number, number]> {
  if (typeof told === 'number') return [told, told];
  if (told) return told;
  const { height, width } = commonSize(pictures, await inTurn(pictures, ({ path }) => lookAt(path)));
  return [height, width];
}

/**
 * Grey pictures in IDX files, as MNIST has them: the same dataset as those of the same pixels in a folder.
 * @throws {FormatError} with file and offset of what is damaged, and for pictures and labels that do not match.
 */
export async function readIdxPictures(
  images: string,
  labels: string,
  options: Pick<PictureOptions, 'device'> = {},
): Promise<Pictures> {
  checkOptions('readIdxPictures', options, { device: aDevice });
  const { pixels, labels: marks, shape } = await readIdxPair(images, labels);
  const [count, height, width] = shape;
  const own = Int32Array.from(marks);
  const classes = Array.from({ length: 1 + own.reduce((most, label) => Math.max(most, label), 0) }, (_, label) =>
    String(label),
  );
  return {
    paths: [],
    classes,
    labels: own,
    shape: [1, height, width],
    config: { size: [height, width], colour: 'grey', fit: 'crop', classes },
    dataset: tensorDataset({ data: pixels, shape: [count, 1, height, width] }, { data: own, shape: [count] }, options),
  };
}
