/** A language model, by its perplexity on text that it has not seen. */
import {
  distill,
  encode,
  gptq,
  prune,
  quantize,
  quantizeCache,
  sparseGpt,
  together,
  wanda,
  type Step,
} from '@espalier/optimize';
import type { Bench } from '../bench.ts';
import { brown } from '../subjects/brown.ts';
import { atMost, type Outcome, type Row } from '../row.ts';
import { judged, worseBy } from './compressed.ts';

/** Per cent of perplexity that recipes cost, by their names. */
async function costs(bench: Bench, recipes: Readonly<Record<string, Step>>): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const [name, step] of Object.entries(recipes)) found[name] = worseBy(await judged(bench, brown, name, [step]));
  return found;
}

/** The first of some recipes is to cost less than the others. */
function leastOf(found: Readonly<Record<string, number>>, most: number): Outcome {
  const [own = NaN, ...others] = Object.values(found);
  return { value: own, holds: own <= most && others.every((other) => own < other), details: found };
}

const group = 32;
const half = { sparsity: 0.5 };

/** The rows of the language model. */
export const languageRows: readonly Row[] = [
  {
    name: 'brown/int8',
    target: 'perplexity, per cent more <= 0.3',
    measure: async (bench) => {
      const found = await costs(bench, { int8: quantize() });
      return atMost(0.3, found['int8'] ?? NaN, found);
    },
  },
  {
    name: 'brown/int8-cache',
    target: 'perplexity, per cent more with keys and values of 8 bits <= 0.3',
    measure: async (bench) => {
      const found = await costs(bench, { 'cache-8': quantizeCache() });
      return atMost(0.3, found['cache-8'] ?? NaN, found);
    },
  },
  {
    name: 'brown/int4-group-32',
    target: 'perplexity, per cent more by GPTQ <= 2, and less than to the nearest',
    measure: async (bench) =>
      leastOf(
        await costs(bench, {
          'gptq-4-32': gptq({ bits: 4, group }),
          'nearest-4-32': encode({ format: 'int4', options: { group } }),
        }),
        2,
      ),
  },
  {
    name: 'brown/half-pruned',
    target: 'perplexity, per cent more by SparseGPT, less than by Wanda and magnitude',
    measure: async (bench) =>
      leastOf(
        await costs(bench, {
          'sparse-gpt-50': sparseGpt(half),
          'wanda-50': wanda(half),
          'magnitude-50': prune({ ...half, scope: 'local' }),
        }),
        Infinity,
      ),
  },
  {
    name: 'brown/half-pruned-distilled',
    target: 'perplexity, per cent more by gradual pruning under the dense model as a teacher <= 2',
    measure: async (bench) => {
      const train = { epochs: 1, batchSize: 16, optimizer: { type: 'adamw', lr: 5e-4, weightDecay: 0.1 } };
      const pruned = prune({ ...half, scope: 'local', schedule: 'cubic', train });
      const found = await costs(bench, { 'distilled-50': together(pruned, distill({ alpha: 0.5, temperature: 1 })) });
      return atMost(2, found['distilled-50'] ?? NaN, found);
    },
  },
];
