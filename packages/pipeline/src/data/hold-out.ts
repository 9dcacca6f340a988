/** Training examples that a model does not learn from, so that others can decide by them. */
import { split, type Dataset, type Json } from '@espalier/nn';
import { UsageError } from '../errors.ts';
import type { Data } from './source.ts';

/** The same examples are held out of the same data for every model. */
const seed = 0;

/** The part of the examples that is held out, if nobody says how many. */
const usualShare = 1 / 6;

/** How many examples are held out, if nobody says how many. */
export const usualHoldOut = (data: Dataset): number => Math.max(1, Math.round(data.size * usualShare));

/** How many of the training examples a model was not shown, if its folder says so. */
export function heldOutOf(metadata: { readonly [key: string]: Json }): number | undefined {
  const known = metadata['heldOut'];
  return typeof known === 'number' && Number.isSafeInteger(known) && known > 0 ? known : undefined;
}

/**
 * The examples to learn from, and those to decide by: as the source parts them, else so many are held out.
 * @throws {UsageError} when none would be left to learn from.
 */
export function partsOf(
  { train, validate }: Pick<Data, 'train' | 'validate'>,
  count: number,
): { readonly train: Dataset; readonly validate: Dataset } {
  return validate ? { train, validate } : holdOut(train, count);
}

/**
 * Holds so many examples out.
 * @throws {UsageError} when none would be left to learn from.
 */
function holdOut(data: Dataset, count: number): { readonly train: Dataset; readonly validate: Dataset } {
  const [train, validate] = count < data.size ? split(data, [data.size - count, count], { seed }) : [];
  if (train && validate) return { train, validate };
  throw new UsageError(`${count} of ${data.size} training examples are to be held out: leave some to learn from`);
}
