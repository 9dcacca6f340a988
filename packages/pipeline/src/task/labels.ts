/** The task of telling which labels an example has: binary cross-entropy of each. */
import { bceWithLogits, meanLoss, type Metric } from '@espalier/nn';
import { UsageError } from '../errors.ts';
import type { Task } from './task.ts';

const loss: Metric = meanLoss(bceWithLogits);

/** To tell of some labels which an example has: none, several, or all. */
export const labels: Task<{ readonly loss: Metric }> = {
  name: 'labels',
  outputs: ({ classes, targets = 1 }) => {
    if (classes === undefined) return targets;
    throw new UsageError('labels: the targets of this data are classes: choose the task classification');
  },
  loss: 'bce-with-logits',
  score: { name: 'loss', metric: loss, text: (value) => value.toFixed(4) },
  metrics: { loss },
  figures: (metrics) => ({ metrics, details: {} }),
};
