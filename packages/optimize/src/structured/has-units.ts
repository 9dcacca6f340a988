/** Whether it is worth a try to cut units off a model. */
import type { Dataset, Module } from '@espalier/nn';
import { cuttableGraph } from './model-widths.ts';
import { batchOf, isPlain } from './plain-model.ts';

/** Whether a model has units that `shrink` can cut off: none without an example, or where weights are masked, quantized or stored. */
export async function hasUnits(model: Module, train: Dataset | undefined): Promise<boolean> {
  if (!train || train.size === 0 || ![...model.namedParameters().values()].every(isPlain)) return false;
  return cuttableGraph('shrink', model, await batchOf(model, train)).widths.length > 0;
}
