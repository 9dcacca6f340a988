/** The pass that says in which numbers keys and values of attention are kept. */
import { cacheBytes, cacheNumbers, keepers, type CacheNumbers, type Json, type Module } from '@espalier/nn';
import { ShapeError } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import { oneOf, optionsOf } from '../recipe/options.ts';
import type { Pass, PassPlan, StepConfig } from '../recipe/pass.ts';
import { selectLayers } from '../selection/layer-filter.ts';
import { checkFilter, type ParameterFilter } from '../selection/parameter-filter.ts';

/** Options of the pass. What `include` and `exclude` match are the dotted names of layers of attention. */
export interface QuantizeCacheOptions extends ParameterFilter {
  /** The numbers: `int8` or `int4`, codes with a range for each position and head, or `f16`. Default: int8. */
  readonly numbers?: CacheNumbers;
}

const place = 'quantize-cache';

/**
 * Lets layers of causal attention keep their keys and values in fewer bits: what an `AttentionCache` of the model takes, and
 * reads for each new position, is that much smaller. No weight changes, and no data is needed. The model computes with the same
 * rounded numbers where it is judged without a cache, so that a goal sees what they cost; a training behind it gets used to
 * them.
 * @throws {RecipeError} for options it does not know; the pass, for heads that the numbers cannot be packed in.
 *
 * @example
 * quantizeCache({ numbers: 'int4', exclude: ['blocks.0.*'] })
 */
export function quantizeCache(options: QuantizeCacheOptions = {}): Pass {
  optionsOf(place, options, ['numbers', 'include', 'exclude']);
  const { numbers = 'int8' } = options;
  oneOf<CacheNumbers>(place, 'numbers', numbers, cacheNumbers);
  checkFilter(place, options);
  const config: StepConfig = { type: place, ...(options as object as { readonly [option: string]: Json }) };

  function plan(model: Module): Promise<PassPlan> {
    const all = keepers(model);
    const each = all.filter(({ module }, at) => all.findIndex((keeper) => keeper.module === module) === at);
    const chosen = selectLayers(place, model, each, options, 'keeps keys and values');
    const summary = `keep the keys and values of ${chosen.length} ${chosen.length === 1 ? 'layer' : 'layers'} in ${numbers}`;
    const details = Object.fromEntries(
      chosen.map(({ name, kept: { heads, headWidth, numbers: before } }) => {
        const bytes = (some: CacheNumbers): number => 2 * heads * bytesOf(name, some, headWidth);
        return [name, { bytesPerPosition: bytes(numbers), bytesBefore: bytes(before) }];
      }),
    );
    return Promise.resolve({
      summary,
      apply: () => {
        for (const { module } of chosen) module.keepIn(numbers);
        return Promise.resolve({ model, finalize: () => Promise.resolve({ config, summary, details }) });
      },
    });
  }

  return { config, needs: 'nothing', effects: ['cache'], targets: 'layers', plan };
}

/** @throws {RecipeError} that names the layer whose heads are of a width that the numbers cannot be packed in. */
function bytesOf(name: string, numbers: CacheNumbers, headWidth: number): number {
  try {
    return cacheBytes(numbers, headWidth);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new RecipeError(place, `layer '${name || 'model'}': ${error.message}, or exclude the layer`);
  }
}
