/** The task of telling numbers: squared error to learn by, absolute error to read. */
import { l1, meanLoss, mse, type Metric } from '@espalier/nn';
import { UsageError } from '../errors.ts';
import type { Task } from './task.ts';

const error: Metric = meanLoss(mse);

/** To tell numbers that an example stands for. */
export const regression: Task<{ readonly mse: Metric; readonly mae: Metric }> = {
  name: 'regression',
  outputs: ({ classes, targets = 1 }) => {
    if (classes === undefined) return targets;
    throw new UsageError('regression: the targets of this data are classes: choose the task classification');
  },
  loss: 'mse',
  score: { name: 'mse', metric: error, text: (value) => value.toPrecision(4) },
  metrics: { mse: error, mae: meanLoss(l1) },
  figures: (metrics) => ({ metrics, details: {} }),
};
