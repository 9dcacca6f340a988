/** A loss as a metric. */
import { wideFloat } from '@espalier/tensor';
import { check } from '@espalier/tensor/arguments';
import { aLoss, aLossValue } from '../config/rules.ts';
import type { LossFunction } from '../loss/loss.ts';
import { countAndTotal, ratioOfTwo } from './classification.ts';
import type { Metric } from './metric.ts';

/** The mean of a loss over all examples; the loss itself must be a mean over its batch. */
export function meanLoss(loss: LossFunction): Metric {
  check('meanLoss', 'loss', loss, aLoss);
  return {
    statistic: {
      shape: () => [2],
      count: (output, target, context) => {
        const size = output.shape[0] as number;
        const value = check('meanLoss', 'what the loss gives', loss(output, target, context), aLossValue);
        return countAndTotal(value.cast(wideFloat(value.dtype)).mul(size), size);
      },
    },
    value: ratioOfTwo,
    direction: 'minimize',
  };
}
