/** The task of telling classes apart: cross-entropy, accuracy, and which class is taken for which. */
import { accuracy, confusionMatrix, type Metric, type ConfusionMatrix } from '@espalier/nn';
import { UsageError } from '../errors.ts';
import { formatPercent } from '../text/percent.ts';
import type { Task } from './task.ts';

/** To tell which of some classes an example is of. */
export const classification: Task<{ readonly matrix: Metric<ConfusionMatrix> }> = {
  name: 'classification',
  outputs: ({ classes }) => {
    if (classes !== undefined) return classes;
    throw new UsageError('classification: the targets of this data are no classes: choose another task');
  },
  loss: 'cross-entropy',
  score: { name: 'accuracy', metric: accuracy, text: formatPercent },
  metrics: { matrix: confusionMatrix },
  figures: ({ matrix }) => ({
    metrics: { accuracy: matrix.accuracy(), macroF1: matrix.f1('macro') },
    details: { confusion: matrix.toArray() },
  }),
};
