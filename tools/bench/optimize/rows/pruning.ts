/** Pruning: gradual and global, at once by three scores, and two of every four. */
import { distill, prune, sparseGpt, together, wanda, type Step } from '@espalier/optimize';
import { fashion } from '../subjects/fashion.ts';
import { lenet300, lenet5 } from '../subjects/mnist.ts';
import { atMost, type Row } from '../row.ts';
import { judged, extraErrors } from './compressed.ts';
import type { Subject } from '../subjects/subject.ts';
import { decaying } from './training.ts';

/** All layers compete, weights go as the cubic schedule says, and the rest makes up for them. */
function gradually(subject: Subject, times: number, epochs: number, most: number): Row {
  return {
    name: `${subject.name}/pruned-${times}x`,
    target: `errors over dense <= ${most}`,
    measure: async (bench) => {
      const sparsity = 1 - 1 / times;
      const steps = [prune({ sparsity, scope: 'global', schedule: 'cubic', train: decaying(epochs) })];
      const all = await judged(bench, subject, `pruned-${times}x`, steps);
      return atMost(most, extraErrors(all), all);
    },
  };
}

const share = { sparsity: 0.8 };

/** What drops 80 % of each layer without any training. */
const atOnce: Readonly<Record<string, Step>> = {
  magnitude: prune({ ...share, scope: 'local' }),
  wanda: wanda(share),
  'sparse-gpt': sparseGpt(share),
};

/** The rows of pruning. */
export const pruningRows: readonly Row[] = [
  gradually(lenet300, 12, 15, 5),
  gradually(lenet300, 20, 20, 20),
  gradually(lenet5, 12, 8, 5),
  // Half a point of the 10,198 images.
  gradually(fashion, 5, 4, 51),
  {
    name: 'lenet-300-100/one-shot-80',
    target: "SparseGPT's errors over dense / magnitude's <= 0.4",
    measure: async (bench) => {
      const extra: Record<string, number> = {};
      for (const [name, step] of Object.entries(atOnce))
        extra[name] = extraErrors(await judged(bench, lenet300, `one-shot-80-${name}`, [step]));
      const { magnitude = NaN, 'sparse-gpt': sparse = NaN } = extra;
      return atMost(0.4, sparse / magnitude, extra);
    },
  },
  {
    name: 'lenet-300-100/2-of-4',
    target: 'errors over dense <= 10',
    measure: async (bench) => {
      // Half of the weights go at once: the dense model says what the others have to make up for.
      const steps = [together(prune({ pattern: '2:4' }), distill({ temperature: 4, train: decaying(15) }))];
      const all = await judged(bench, lenet300, '2-of-4', steps);
      return atMost(10, extraErrors(all), all);
    },
  },
];
