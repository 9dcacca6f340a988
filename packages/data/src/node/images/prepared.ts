/** Pictures as a model learnt from them: a description that is saved with it, and the same numbers of other pictures by it. */
import { ConfigError, type Dataset } from '@espalier/nn';
import { show } from '@espalier/tensor/arguments';
import type { Device } from '@espalier/tensor';
import { normalised, type Normalisation } from '../../pictures/normalise.ts';
import { pictureDataset, type PictureFit, type PictureShape } from '../../pictures/picture-dataset.ts';
import { DataError } from '../../errors.ts';
import type { GalleryPicture } from './gallery.ts';

/** How pictures become examples. JSON. */
export interface PicturePreparation extends Normalisation {
  readonly source: 'pictures';
  /** Pixels of a side. */
  readonly size: number;
  readonly colour: 'grey' | 'colour';
  readonly fit: PictureFit;
  /** In the order of their indices. */
  readonly classes: readonly string[];
}

/** The least pixels of a side. */
export const leastSide = 8;

/** The most pixels of a side. */
export const mostSide = 224;

const isList = (value: unknown, length: number, holds: (each: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length === length && value.every(holds);

const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);

/** What each field has to be. */
const fields: Readonly<Record<keyof PicturePreparation, (value: unknown, config: object) => boolean>> = {
  source: (value) => value === 'pictures',
  size: (value) => Number.isInteger(value) && Number(value) >= leastSide && Number(value) <= mostSide,
  colour: (value) => value === 'grey' || value === 'colour',
  fit: (value) => value === 'crop' || value === 'stretch' || value === 'pad',
  classes: (value) => Array.isArray(value) && value.length > 1 && value.every((each) => typeof each === 'string'),
  mean: (value, config) => isList(value, channelsOf(config), isNumber),
  std: (value, config) => isList(value, channelsOf(config), (each) => isNumber(each) && Number(each) > 0),
};

const channelsOf = (config: object): 1 | 3 => (Reflect.get(config, 'colour') === 'grey' ? 1 : 3);

/**
 * Reads a preparation that was saved with a model.
 * @throws {ConfigError} naming the field that is wrong.
 */
export function readPicturePreparation(config: unknown): PicturePreparation {
  const given = Object(config) as object;
  for (const [name, holds] of Object.entries(fields)) {
    const value: unknown = Reflect.get(given, name);
    if (!holds(value, given))
      throw new ConfigError(`preparation.${name}`, `is ${show(value)}, which is none of a preparation of pictures`);
  }
  return given as PicturePreparation;
}

/** What pictures are made to be. */
export function shapeOf({ size, colour, fit }: Pick<PicturePreparation, 'size' | 'colour' | 'fit'>): PictureShape {
  return { channels: colour === 'grey' ? 1 : 3, height: size, width: size, fit };
}

/** Decoded pictures that are kept take at most so many bytes. */
const usualMemory = 2 ** 30;

/**
 * Pictures as examples: x f32 [batch, channels, size, size], normalised, y i32 [batch]; without classes y is 0.
 * @throws {DataError} naming a picture whose class the preparation does not know.
 */
export function preparedPictures(
  pictures: readonly GalleryPicture[],
  preparation: PicturePreparation,
  { device, memory = usualMemory }: { readonly device: Device; readonly memory?: number },
): Dataset {
  const { classes } = preparation;
  const indices = new Map(classes.map((value, index) => [value, index]));
  const labels = Int32Array.from(pictures, ({ label, path }) => {
    const index = label === '' ? 0 : indices.get(label);
    if (index !== undefined) return index;
    throw new DataError(path, {}, `is of the class '${label}', which is none of ${classes.join(', ')}`);
  });
  const shape = shapeOf(preparation);
  const decode = (index: number): Promise<Uint8Array> => (pictures.at(index) as GalleryPicture).decode(shape);
  return normalised(pictureDataset(labels, shape, decode, { memory, device }), preparation);
}
