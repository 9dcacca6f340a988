/** Training examples that a model does not learn from, so that others can decide by them. */
import { split, type Dataset } from '@espalier/nn';
import { UsageError } from '../errors.ts';

/** The same examples are held out of the same data for every model. */
const seed = 0;

/**
 * Holds so many examples out.
 * @throws {UsageError} when none would be left to learn from.
 */
export function holdOut(data: Dataset, count: number): { readonly train: Dataset; readonly validate: Dataset } {
  const [train, validate] = count < data.size ? split(data, [data.size - count, count], { seed }) : [];
  if (train && validate) return { train, validate };
  throw new UsageError(`${count} of ${data.size} training examples are to be held out: leave some to learn from`);
}
