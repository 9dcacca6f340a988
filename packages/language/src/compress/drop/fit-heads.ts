/** One layer: which of its heads go, and what puts heads together fitted to those that are left. */
import {
  convertedTensor,
  openPart,
  writtenTensor,
  type ModelInParts,
  type TensorEntry,
  type TensorSource,
  type WrittenTensor,
} from '@espalier/models';
import { callContext, FormatError, type Json, type Module } from '@espalier/nn';
import { dropColumns } from '@espalier/optimize';
import { fromTyped, noGrad, type Tensor } from '@espalier/tensor';
import { typeLike } from '../plan.ts';
import { unwritten } from '../sources.ts';
import type { StatesOf, StateStore } from '../states.ts';
import type { HeadPlan } from './plan-heads.ts';
import { headsOut, type LayerHeads } from './with-heads.ts';

/** What a file of a layer says its heads by. */
const keptKey = 'espalier.heads';

/** What is to be written of a layer, and what was done. */
export interface FittedHeads {
  readonly tensors: ReadonlyMap<string, WrittenTensor>;
  /** Pairs of GGUF. */
  readonly metadata: { readonly [key: string]: Json };
  /** Heads of keys and values that are left, counted from 0. */
  readonly kept: readonly number[];
  /** What all heads together give less, in squares, as a share of what they gave. */
  readonly loss: number;
}

/** Chooses heads of a layer by what comes into it. What is fitted is stored as it was, or as what is nearest to that. */
export async function fitHeads(
  model: ModelInParts,
  layer: string,
  { plan, states, given }: { readonly plan: HeadPlan; readonly states: StateStore; readonly given: StatesOf },
): Promise<FittedHeads> {
  const { before, after, headWidth } = plan;
  const name = `${layer}.${headsOut}.weight`;
  const module = await openPart(model, layer, { device: given.device });
  const out = module.namedParameters().get(`${headsOut}.weight`)?.value as Tensor;
  const weights = (await out.data()) as Float32Array;
  const products = await productsOf(module, states, given);
  const [rows = 0] = out.shape;
  module.dispose();
  const { kept, loss, ...left } = dropColumns(
    { weights, products },
    {
      group: (before.heads / before.keyValueHeads) * headWidth,
      count: before.keyValueHeads - after.keyValueHeads,
    },
  );
  const columns = after.heads * headWidth;
  const fitted = new Map([[name, writtenTensor(fromTyped(left.weights, [rows, columns]))]]);
  const { dtype } = model.tensors.tensors.get(name) as TensorEntry;
  const stored = convertedTensor(unwritten(model.tensors, fitted), name, typeLike('gguf', dtype, columns));
  const metadata = { 'general.architecture': 'layer', [keptKey]: kept };
  return { tensors: new Map([[name, stored]]), metadata, kept, loss };
}

/**
 * What `fitHeads` made, out of a file.
 * @throws {FormatError} for a file that says nothing of heads.
 */
export function headsIn(fitted: TensorSource): LayerHeads {
  const kept = fitted.metadata[keptKey];
  if (!Array.isArray(kept)) throw new FormatError(fitted.name, 0, `has no ${keptKey}; remove it`);
  return { kept: kept as readonly number[], fitted };
}

/** X · Xᵀ over the number of tokens, of what all heads give. */
async function productsOf(
  layer: Module,
  states: StateStore,
  { pieces, width, device }: StatesOf,
): Promise<Float64Array> {
  let products = new Float64Array();
  let tokens = 0;
  for (const [index, { sequences, length }] of pieces.entries()) {
    using x = fromTyped(await states.read(index), [sequences.length, length, width], { device });
    using found = noGrad(() => {
      const seen: Tensor[] = [];
      layer.call(x, callContext({ taps: [{ at: headsOut, input: (value) => void seen.push(value) }] }));
      const [given] = seen as [Tensor];
      const heads = given.reshape([-1, given.shape.at(-1) as number]);
      return heads.transpose(0, 1).matmul(heads);
    });
    const sums = (await found.data()) as Float32Array;
    if (index === 0) products = new Float64Array(sums.length);
    for (let at = 0; at < sums.length; at++) products[at] = (products[at] as number) + (sums[at] as number);
    tokens += sequences.length * length;
  }
  return products.map((sum) => sum / tokens);
}
