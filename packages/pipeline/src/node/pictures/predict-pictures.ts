/** What a saved model says of pictures, prepared as those that it learnt from. */
import { openUnlabelled, preparedPictures, readPicturePreparation, type PicturePreparation } from '@espalier/data/node';
import { predict } from '@espalier/nn';
import type { PredictedColumn, Question } from '../../data/judgement.ts';
import { columnsOfClasses } from '../classes.ts';
import { savedPreparation } from '../saved-preparation.ts';

/**
 * The preparation that was saved with a model.
 * @throws {UsageError} for one that is damaged.
 */
export function preparationOf(folder: string, config: unknown): PicturePreparation {
  return savedPreparation(folder, () => readPicturePreparation(config));
}

/**
 * The name of each picture, the class that a model takes it for, and the probability of each class.
 * @throws {DataError | FormatError} naming what is broken, or no picture.
 */
export async function predictPictures(question: Question): Promise<PredictedColumn[]> {
  const { model, preparation: config, from, path, device } = question;
  const preparation = preparationOf(from, config);
  const { pictures } = await openUnlabelled(path);
  const asked = pictures.map((picture) => ({ ...picture, label: '' }));
  const outputs = await predict(model, preparedPictures(asked, preparation, { device }));
  const values = await outputs.data();
  outputs.dispose();
  return [
    { name: 'file', values: pictures.map(({ name }) => name) },
    ...columnsOfClasses('class', preparation.classes, values),
  ];
}
