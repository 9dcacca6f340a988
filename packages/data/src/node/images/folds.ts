/** Pictures in folds: each has its share of every class, and copies of a picture are in the same. */
import { DataError } from '../../errors.ts';
import { kFolds } from '../../split/folds.ts';
import { Tally, type Normalisation } from '../../pictures/normalise.ts';
import { inTurn } from '../../pictures/picture-dataset.ts';
import { copiesOf } from './copies.ts';
import type { Gallery, GalleryPicture } from './gallery.ts';
import type { PicturePreparation } from './prepared.ts';

/** One fold of pictures. */
export interface FoldedPictures {
  readonly train: readonly GalleryPicture[];
  readonly validate: readonly GalleryPicture[];
}

/**
 * Folds of pictures by a seed.
 * @throws {DataError} for fewer different pictures than folds.
 * @throws {FormatError} naming the first broken picture.
 */
export async function foldPictures(
  { source, pictures }: Pick<Gallery, 'source' | 'pictures'>,
  folds: number,
  seed: number,
): Promise<readonly FoldedPictures[]> {
  const looks = await inTurn(pictures, ({ look }) => look());
  const different = copiesOf(looks.map(({ digest }) => digest));
  if (different.length < folds)
    throw new DataError(source, {}, `${different.length} different pictures do not fill ${folds} folds; use fewer`);
  const classes = different.map(([first = 0]) => pictures[first]?.label ?? '');
  const taken = (numbers: Int32Array): GalleryPicture[] =>
    Array.from(numbers, (place) => different[place] ?? [])
      .flat()
      .flatMap((index) => pictures[index] ?? []);
  return kFolds(different.length, folds, { seed, classes }).map(({ train, test }) => ({
    train: taken(train),
    validate: taken(test),
  }));
}

/** The mean and deviation of each channel over pictures, as they are made to fit. */
export async function normalisationOf(
  pictures: readonly GalleryPicture[],
  { size, colour, fit }: Pick<PicturePreparation, 'size' | 'colour' | 'fit'>,
): Promise<Normalisation> {
  const channels = colour === 'grey' ? 1 : 3;
  const tally = new Tally(channels);
  await inTurn(pictures, async ({ decode }) => tally.add(await decode({ channels, height: size, width: size, fit })));
  return tally.normalisation();
}
