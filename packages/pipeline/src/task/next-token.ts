/** The task of telling which token comes next: cross-entropy to learn by, perplexity to read. */
import { crossEntropy, meanLoss, type Metric } from '@espalier/nn';
import { UsageError } from '../errors.ts';
import type { Task } from './task.ts';

const loss: Metric = meanLoss(crossEntropy);

/** To tell the token that follows, at every place of a sequence. */
export const nextToken: Task<{ readonly loss: Metric }> = {
  name: 'next-token',
  outputs: ({ classes }) => {
    if (classes !== undefined) return classes;
    throw new UsageError('next-token: the targets of this data are no tokens: choose another task');
  },
  loss: 'cross-entropy',
  score: { name: 'loss', metric: loss, text: (value) => value.toFixed(4) },
  metrics: { loss },
  figures: (metrics) => ({ metrics: { loss: metrics.loss, perplexity: Math.exp(metrics.loss) }, details: {} }),
};
