/** Training examples in folds: each is judged once, by what was learnt from the others. */
import { kFolds } from '@espalier/data';
import { subset } from '@espalier/nn';
import { UsageError } from '../errors.ts';
import type { Data } from './source.ts';

/**
 * The folds of data: as its source makes them; of examples that are as they are by their classes, or at random.
 * @throws {UsageError} for data that has none, such as a stream, and for more folds than examples.
 */
export async function foldsOf(data: Data, count: number, seed: number): Promise<readonly (() => Promise<Data>)[]> {
  if (data.folds) return data.folds(count);
  const { train, preparation } = data;
  if (train.order || preparation !== undefined)
    throw new UsageError('folds: this data has none, since it has an order of its own: leave them out');
  if (train.size < count) throw new UsageError(`folds: ${train.size} examples do not fill ${count} folds: use fewer`);
  const classes = data.classes === undefined ? undefined : await train.labels?.();
  return kFolds(train.size, count, { seed, ...(classes && { classes }) }).map((fold) => async () => ({
    ...data,
    train: subset(train, fold.train),
    validate: subset(train, fold.test),
  }));
}
