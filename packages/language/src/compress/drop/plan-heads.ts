/** How many heads of attention a model is to have, said before anything is measured. */
import { aModelInParts, type ModelInParts } from '@espalier/models';
import { ArgumentError } from '@espalier/tensor';
import { aCount, check } from '@espalier/tensor/arguments';

/** Heads of each layer. */
export interface HeadCounts {
  readonly heads: number;
  /** Heads of keys and values, each of which as many heads share. */
  readonly keyValueHeads: number;
}

/** What becomes of the heads of a model. It is plain JSON. */
export interface HeadPlan {
  readonly before: HeadCounts;
  readonly after: HeadCounts;
  /** Features of each head, before and after. */
  readonly headWidth: number;
}

/**
 * A plan by which each layer loses so many heads of keys and values, with all heads that share them: files have one number of heads
 * for all layers, and one number of heads for each of keys and values. Heads stay as wide as they are.
 * @throws {ArgumentError} for a family whose files say no width of heads, so that it is width / heads, and where no head would be left.
 */
export function planHeads(model: ModelInParts, count: number): HeadPlan {
  const { family, model: words } = check('planHeads', 'the model', model, aModelInParts).description;
  check('planHeads', 'the number of heads', count, aCount);
  const { heads, keyValueHeads = heads, headWidth } = words as Partial<HeadCounts> & { readonly headWidth?: number };
  if (headWidth === undefined || heads === undefined || keyValueHeads === undefined)
    throw new ArgumentError(
      'planHeads',
      `files of ${family} models have no word for the width of a head, which is the width over the heads: no head can go; drop layers`,
    );
  const left = keyValueHeads - count;
  if (left < 1)
    throw new ArgumentError(
      'planHeads',
      `${count} of ${keyValueHeads} heads of keys and values would be gone; leave one`,
    );
  const before = { heads, keyValueHeads };
  return { before, after: { heads: (heads / keyValueHeads) * left, keyValueHeads: left }, headWidth };
}
