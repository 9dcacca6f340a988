/** What models of pictures are judged by: pictures that nothing was learnt from, beside the class that is most frequent. */
import { tasks } from '@espalier/data';
import { openGallery, preparedPictures, type GalleryPicture, type PicturePreparation } from '@espalier/data/node';
import type { Device } from '@espalier/tensor';
import type { Judge, Question } from '../../data/judgement.ts';
import { examine, type Given } from '../intervals.ts';
import { openPictures, type PictureUse } from './open-pictures.ts';
import { preparationOf } from './predict-pictures.ts';

const { measure } = tasks.classification;

/** The class of each picture, by its index. */
function labelsOf(pictures: readonly GalleryPicture[], { classes }: PicturePreparation): Int32Array {
  return Int32Array.from(pictures, ({ label }) => classes.indexOf(label));
}

/** Judges models by pictures; the seed is that of the intervals. */
function judgeBy(
  pictures: readonly GalleryPicture[],
  preparation: PicturePreparation,
  seed: number,
  device: Device,
): Omit<Judge, 'baselines'> {
  const examination = {
    test: preparedPictures(pictures, preparation, { device }),
    targets: labelsOf(pictures, preparation),
    width: preparation.classes.length,
    measure: (given: Given) => measure(given),
    shares: ['accuracy'],
    seed,
  };
  return { examples: pictures.length, judge: (model) => examine(model, examination) };
}

/** Says of each picture the shares that classes have among some pictures: those of the most frequent class are right. */
function majority(
  learnt: readonly GalleryPicture[],
  judged: readonly GalleryPicture[],
  preparation: PicturePreparation,
): Judge['baselines'] {
  const width = preparation.classes.length;
  const counts = new Float64Array(width);
  for (const label of labelsOf(learnt, preparation)) counts[label] = (counts[label] ?? 0) + 1;
  const scores = counts.map((count) => Math.log(count / learnt.length));
  const outputs = Float64Array.from({ length: judged.length * width }, (_, at) => scores[at % width] ?? 0);
  const metrics = measure({ outputs, targets: labelsOf(judged, preparation), width });
  return [{ name: 'majority', metrics, intervals: {} }];
}

/** The test part of pictures. */
export async function judgePictures(use: PictureUse, device: Device): Promise<Judge> {
  const { train, test, preparation } = await openPictures(use);
  return { ...judgeBy(test, preparation, use.seed, device), baselines: majority(train, test, preparation) };
}

/**
 * Pictures by class, by the preparation of a model: those that they themselves say are for the test, else all.
 * @throws {DataError | FormatError} naming the picture that is broken, or of a class that the model does not know.
 */
export async function judgePicturesOn({ preparation: config, from, path, device }: Question): Promise<Judge> {
  const preparation = preparationOf(from, config);
  const { pictures } = await openGallery(path);
  const test = pictures.filter(({ part }) => part === 'test');
  const judged = test.length > 0 ? test : pictures;
  return { ...judgeBy(judged, preparation, 0, device), baselines: majority(judged, judged, preparation) };
}
