/** A pass that puts a ceiling on the weights of each row, so that few far ones do not widen the scale of all. */
import type { Json } from '@espalier/nn';
import { RecipeError, type Pass, type PassType, type StepConfig } from '@espalier/optimize';
import { Ceiling } from './view.ts';

/** Options of the pass. */
export interface LimitOptions {
  /** The ceiling of a row, as a part of its largest magnitude. */
  readonly part: number;
}

/** Holds all matrices under the ceiling. */
export function limit(options: LimitOptions): Pass {
  const { part } = options;
  if (!(part > 0 && part <= 1)) throw new RecipeError('limit', `part is ${String(part)}; it must be above 0, up to 1`);
  const config: StepConfig = { type: 'limit', ...(options as object as { readonly [option: string]: Json }) };
  return {
    config,
    needs: 'nothing',
    effects: ['limits'],
    order: [
      { before: 'numbers', after: 'limits', reason: 'would cut what was rounded already; limit first, then quantize' },
      { before: 'limits', after: 'limits', reason: 'would cut twice; limit once' },
    ],
    plan: async (model) => {
      const matrices = [...model.namedParameters()].filter(([, { shape }]) => shape.length === 2);
      const summary = `hold ${matrices.length} matrices under ${part} of the largest of each row`;
      return {
        summary,
        apply: async () => {
          for (const [, parameter] of matrices)
            parameter.views.push(new Ceiling(parameter.value.detach().abs().max(1, { keepDims: true }).mul(part)));
          return {
            model,
            finalize: async () => ({ config, summary, details: { matrices: matrices.map(([name]) => name) } }),
          };
        },
      };
    },
  };
}

export const limitPass: PassType = { type: 'limit', make: (options: LimitOptions) => limit(options) };
