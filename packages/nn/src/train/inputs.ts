/** Finds the example whose input is to blame for a loss that is not finite, so that an error can name it. */
import { isFloat, noGrad } from '@espalier/tensor';
import type { Dataset } from '../data/dataset.ts';
import { batches, inOrder } from '../data/order.ts';
import type { Module } from '../module/module.ts';
import { inEvaluation } from './evaluation-mode.ts';

/** An input that is not finite. */
export interface WrongInput {
  /** The number of its example. */
  readonly row: number;
  /** The first of its values that is NaN or infinite. */
  readonly value: number;
}

/** How many inputs are put to the model before the search ends: each costs a read. */
const maxSuspects = 64;

const isWrong = (value: number): boolean => !Number.isFinite(value);

/**
 * Looks through a whole dataset for the first input that holds NaN or infinities, and of which the model, whose own values are
 * finite, makes an output that does; a model may well have a use for such values. Undefined if there is none.
 */
export async function findWrongInput(model: Module, data: Dataset): Promise<WrongInput | undefined> {
  let asked = 0;
  for (const part of batches(inOrder(data.size), 256)) {
    const { x } = await data.batch(part);
    if (!isFloat(x.dtype)) return undefined;
    const values = await x.data();
    const size = values.length / part.length;
    for (const [index, row] of part.entries()) {
      const value = values.subarray(index * size, (index + 1) * size).find(isWrong);
      if (value === undefined) continue;
      if (++asked > maxSuspects) return undefined;
      const output = await inEvaluation(model, async () => {
        const { x: one } = await data.batch([row]);
        return noGrad(() => model.call(one)).data();
      });
      if (output.some(isWrong)) return { row, value };
    }
  }
  return undefined;
}
