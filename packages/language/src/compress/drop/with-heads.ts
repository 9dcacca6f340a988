/** A model of which some heads are seen alone. */
import { layersOf, withLayers, type ModelInParts, type TensorSource } from '@espalier/models';
import type { Json, ModuleConfig } from '@espalier/nn';
import { overlaid, rowsOf } from '../sources.ts';
import type { HeadPlan } from './plan-heads.ts';

/** Heads that a layer is left with. */
export interface LayerHeads {
  /** Heads of keys and values of the file, counted from 0. */
  readonly kept: readonly number[];
  /** Where what puts heads together is, by the name of its parameter, for the heads that are left. */
  readonly fitted: TensorSource;
}

/** Where attention is in a layer. */
const attention = 'attention.body';
/** What puts the heads of a layer together. */
export const headsOut: string = `${attention}.out`;

/**
 * The same model with the heads of a plan: queries, keys and values are read where they were, without the rows of heads that are gone.
 * Of layers that are not given the tensors are those of the file.
 * @param layers by their places: `layers.0`
 * @param by what the heads were chosen by
 */
export function withHeads(
  model: ModelInParts,
  { before, after, headWidth }: HeadPlan,
  layers: ReadonlyMap<string, LayerHeads>,
  by: Json,
): ModelInParts {
  const { tensors } = model;
  const above = new Map<string, TensorSource>();
  const shared = before.heads / before.keyValueHeads;
  for (const [place, { kept, fitted }] of layers) {
    const rows = (heads: number): readonly number[] =>
      kept.flatMap((head) => Array.from({ length: heads * headWidth }, (_, row) => head * heads * headWidth + row));
    const rowsFor = { query: rows(shared), key: rows(1), value: rows(1) };
    for (const [part, own] of Object.entries(rowsFor))
      for (const tensor of ['weight', 'bias']) {
        const name = `${place}.${attention}.${part}.${tensor}`;
        if (tensors.tensors.has(name)) above.set(name, rowsOf(tensors, name, own));
      }
    above.set(`${place}.${headsOut}.weight`, fitted);
  }
  const withCounts = (block: ModuleConfig): ModuleConfig => {
    const { body, ...residual } = block['attention'] as { readonly body: object };
    return { ...block, attention: { ...residual, body: { ...body, ...after, headWidth } } };
  };
  return {
    ...withLayers(model, layersOf(model).map(withCounts)),
    heads: { kept: [...layers.values()].map(({ kept }) => kept), by },
    tensors: overlaid(tensors, above),
  };
}
