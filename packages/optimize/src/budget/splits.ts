/** The examples that decisions are made by. */
import type { Dataset } from '@espalier/nn';
import type { Tensor } from '@espalier/tensor';
import { GoalError } from '../errors.ts';

/** @throws {GoalError} unless there are examples to decide by, and to report on where a test split is given. */
export function checkSplits(data: { readonly validate?: Dataset; readonly test?: Dataset }): void {
  const { validate, test } = Object(data) as { readonly validate?: Dataset; readonly test?: Dataset };
  if (!validate) throw new GoalError('data', 'there is no validate; decisions need examples');
  if (validate.size === 0) throw new GoalError('data', 'validate is empty; decisions need examples');
  if (test?.size === 0) throw new GoalError('data', 'test is empty; leave it out, or give it examples');
}

/** The first example, as a batch of one. */
export async function exampleOf(data: Dataset): Promise<Tensor> {
  const { x, y } = await data.batch([0]);
  y.dispose();
  return x.realize();
}
