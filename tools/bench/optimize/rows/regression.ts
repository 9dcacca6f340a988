/** A model that tells numbers: it is compressed by the loss that it was trained by, which no step of a recipe names. */
import { countParameters } from '@espalier/nn';
import { prune, quantize, storedBytes } from '@espalier/optimize';
import { atMost, type Row } from '../row.ts';
import { friedman } from '../subjects/friedman.ts';
import { judged, worseBy } from './compressed.ts';

const steps = [
  prune({
    sparsity: 0.8,
    scope: 'global',
    schedule: 'cubic',
    train: { epochs: 15, optimizer: { type: 'adam', lr: 1e-3, weightDecay: 1e-4 } },
  }),
  quantize({ weights: 'int8' }),
];

/** The rows of regression. */
export const regressionRows: readonly Row[] = [
  {
    name: 'friedman/pruned-5x-int8',
    target: 'root mean square error, per cent more, trained by its own loss <= 5',
    measure: async (bench) => {
      const all = await judged(bench, friedman, 'pruned-5x-int8', steps, async (model, records) => ({
        bytes: await storedBytes(model),
        denseBytes: 4 * countParameters(model),
        loss: records.map(({ training }) => training?.loss ?? '').join(''),
      }));
      const outcome = atMost(5, worseBy(all), all);
      return { ...outcome, holds: outcome.holds && all.every(({ loss }) => loss === 'mse') };
    },
  },
];
