/** What passes that prune by a pattern have in common. */
import type { Json } from '@espalier/nn';
import { maskOf } from '../prune/mask-view.ts';
import type { Pass, PassKnob } from '../recipe/pass.ts';
import { selectParameters, type ParameterFilter } from '../selection/parameter-filter.ts';
import type { PatternOptions } from './pattern.ts';

/** Figures of a mask. */
export function sparsityOf(kept: Uint8Array): { readonly [figure: string]: Json } {
  const count = kept.reduce((sum, each) => sum + each, 0);
  return { size: kept.length, kept: count, sparsity: kept.length === 0 ? 0 : 1 - count / kept.length };
}

/** The sparsity as what a budget may turn; a pattern is not turned. */
export function sparsityKnob<Options extends PatternOptions & ParameterFilter>(
  place: string,
  options: Options,
  make: (options: Options) => Pass,
): { readonly knob?: PassKnob } {
  const { sparsity } = options;
  if (sparsity === undefined) return {};
  const range: PassKnob['range'] = async (model) => {
    let [size, gone] = [0, 0];
    for (const { parameter } of selectParameters(place, model, options)) {
      const kept = await maskOf(parameter)?.kept();
      size += parameter.size;
      gone += kept ? kept.reduce((count, each) => count + 1 - each, 0) : 0;
    }
    return {
      low: Math.min(sparsity, size === 0 ? 0 : gone / size),
      high: Math.max(sparsity, 0.99),
      resolution: 0.005,
      start: sparsity,
    };
  };
  return { knob: { name: 'sparsity', range, at: (value) => make({ ...options, sparsity: value }) } };
}
