/** The pass that makes batch norms a part of the layers before them. */
import type { Json, Module } from '@espalier/nn';
import type { Shape } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import type { OptimizationData } from '../recipe/data.ts';
import { optionsOf } from '../recipe/options.ts';
import type { OrderRule, Pass, PassContext, PassPlan, StepConfig } from '../recipe/pass.ts';
import { outputsKept } from '../scaling/outputs-kept.ts';
import { selectLayers } from '../selection/layer-filter.ts';
import { checkFilter, type ParameterFilter } from '../selection/parameter-filter.ts';
import { batchOf } from '../structured/plain-model.ts';
import { foldNorms } from './fold-norms.ts';
import { foldablePairs } from './pairs.ts';

const place = 'fold';

/** Weights that were rounded would no longer be what they were rounded to. */
const foldsFirst: readonly OrderRule[] = [
  {
    before: 'numbers',
    after: 'layers',
    reason: 'would scale weights that were rounded already; fold first, then quantize',
  },
];

/**
 * Makes batch norms a part of the convolution or linear layer right before them: W · γ/√(σ² + ε) and (b − μ) · γ/√(σ² + ε) + β.
 * The model computes what it did in evaluation, up to rounding, with fewer layers, and one number a channel in the place of
 * four. Trained afterwards, it trains without those norms. Nothing else changes its place or name, and pruned weights stay so.
 * What `include` and `exclude` match are the dotted names of the layers that take a norm up. Norms of what linear layers give
 * are folded where training data shows that examples are rows there. Source: B. Jacob et al., "Quantization and training of
 * neural networks for efficient integer-arithmetic-only inference", CVPR 2018, §3.2.
 * Where there is training data, an example shows that the model computes what it did: a module that reads what is between two
 * layers of a sequence would not.
 * @throws {RecipeError} for options it does not know, and for a model that computes something else without its norms.
 *
 * @example
 * runRecipe(model, [fold(), quantize()])
 */
export function fold(options: ParameterFilter = {}): Pass {
  optionsOf(place, options, ['include', 'exclude']);
  checkFilter(place, options);
  const config: StepConfig = { type: place, ...(options as object as { readonly [option: string]: Json }) };

  async function plan(model: Module, { data }: PassContext): Promise<PassPlan> {
    const { pairs, kept } = foldablePairs(model, await exampleShape(model, data));
    if (pairs.length === 0) {
      const reasons = kept.map(({ name, reason }) => `${name === '' ? 'the model' : name}: ${reason}`).join('; ');
      throw new RecipeError(place, `no batch norm is a part of a layer; ${reasons || 'there are none, leave it out'}`);
    }
    const chosen = selectLayers(place, model, pairs, options, 'takes up a batch norm');
    const count = `${chosen.length} ${chosen.length === 1 ? 'batch norm' : 'batch norms'}`;
    const summary = `make ${count} a part of the layers before them`;
    return {
      summary,
      apply: async () => ({
        model: await outputsKept(place, model, data, () => foldNorms(place, model, chosen)),
        finalize: async () => ({
          config,
          summary,
          details: {
            folded: chosen.map(({ name }) => name),
            kept: Object.fromEntries(kept.map(({ name, reason }) => [name, reason])),
          },
        }),
      }),
    };
  }

  return { config, needs: 'nothing', effects: ['layers'], order: foldsFirst, targets: 'layers', plan };
}

/** Whether a model has a batch norm that `fold` makes a part of a layer. */
export async function canFold(model: Module, data: OptimizationData | undefined): Promise<boolean> {
  return foldablePairs(model, await exampleShape(model, data)).pairs.length > 0;
}

/** The shape of one example, where there is any. */
async function exampleShape(model: Module, data: OptimizationData | undefined): Promise<Shape | undefined> {
  if (!data?.train || data.train.size === 0) return undefined;
  const { shape } = await batchOf(model, data.train);
  return shape.slice(1);
}
