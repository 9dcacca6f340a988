/** Takes heads of attention out of a model, a layer in memory at a time. */
import { aModelInParts, gguf, openPart, openTensors, type ModelInParts } from '@espalier/models';
import { throwIfAborted, type AbortSignalLike, type Json } from '@espalier/nn';
import { ArgumentError, defaultDevice, type Device } from '@espalier/tensor';
import {
  aDevice,
  aFunction,
  anObject,
  check,
  checkOptions,
  listOf,
  ruleOf,
  type OptionRules,
} from '@espalier/tensor/arguments';
import { embed } from '../embed.ts';
import { found, memoryParts, sameWork, type PartStore } from '../parts.ts';
import { piecesOf, type CalibrationIds } from '../pieces.ts';
import { memoryStates, throughLayer, type StatesOf, type StateStore } from '../states.ts';
import { fitHeads, headsIn } from './fit-heads.ts';
import { planHeads, type HeadPlan } from './plan-heads.ts';
import { withHeads, type LayerHeads } from './with-heads.ts';

/** How heads are chosen, and where the work is kept. */
export interface DropHeadsOptions {
  /** Texts, by which heads are missed more or less. */
  readonly ids: CalibrationIds;
  /** Where layers that are done are kept. Default: memory. */
  readonly parts?: PartStore;
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
  /** Where what comes into layers is kept. Default: memory. */
  readonly states?: StateStore;
  readonly signal?: AbortSignalLike;
  /**
   * Told of each layer that is done: the heads of keys and values that it is left with, and what all heads together give less, in
   * squares, as a share of what they gave.
   */
  readonly onLayer?: (place: string, done: { readonly kept: readonly number[]; readonly loss: number }) => void;
}

/** A model with fewer heads, which reads finished layers until it is closed. */
export interface FewerHeads {
  readonly model: ModelInParts;
  readonly close: () => Promise<void>;
}

const optionRules: OptionRules<DropHeadsOptions> = {
  ids: listOf(ruleOf('a list of ids', Array.isArray)),
  parts: anObject as never,
  device: aDevice,
  states: anObject as never,
  signal: anObject as never,
  onLayer: aFunction as never,
};
const aHeadPlan = ruleOf<HeadPlan>(
  'a plan of heads, as planHeads gives one',
  (value) => anObject.holds(value) && [value['before'], value['after']].every(anObject.holds),
);

/**
 * Carries a plan of heads out. In each layer those heads go that are missed the least once what puts heads together is fitted to those
 * that are left (`dropColumns` of `optimize`), on what texts give the layer through the smaller layers before it; the model that comes of
 * it is planned, compressed and written as any other. Who is interrupted goes on from `parts`, to the same model.
 * @throws {ArgumentError} without texts, for a plan of another model, and for `parts` of other work.
 */
export async function dropHeads(model: ModelInParts, plan: HeadPlan, options: DropHeadsOptions): Promise<FewerHeads> {
  const place = 'dropHeads';
  check(place, 'the model', model, aModelInParts);
  check(place, 'the plan', plan, aHeadPlan);
  const checked = checkOptions<Partial<DropHeadsOptions>>(place, options, optionRules);
  const { ids = [], parts = memoryParts(), device = defaultDevice(), states = memoryStates() } = checked;
  const { signal, onLayer } = checked;
  if (ids.length === 0) throw new ArgumentError(place, 'heads are judged by texts; give ids, sequences of one length');
  const count = plan.before.keyValueHeads - plan.after.keyValueHeads;
  if (JSON.stringify(planHeads(model, count)) !== JSON.stringify(plan))
    throw new ArgumentError(place, 'the plan is of a model with other heads; make one by planHeads');
  if (count === 0) return { model, close: () => Promise.resolve() };
  const { dropped = [], heads = null, source, description } = model;
  const by = { plan, ids, heads } as object as Json;
  await sameWork(place, parts, { by, source: [...source.tensors], dropped });
  const pieces = piecesOf(ids);
  const given: StatesOf = { pieces, width: description.width, device };
  await embed({ model, device }, pieces, states);
  const finished = new Map<string, LayerHeads>();
  const close = async (): Promise<void> => {
    for (const { fitted } of finished.values()) await fitted.close();
  };
  const layers = model.places.filter((each) => each.startsWith('layers.'));
  try {
    for (const layer of layers) {
      throwIfAborted(signal);
      const file = `${layer}.heads.gguf`;
      if (!(await found(parts, file))) {
        const { tensors, metadata, loss, kept } = await fitHeads(model, layer, { plan, states, given });
        await parts.write(file, async (sink) => gguf.write?.(sink, tensors, metadata));
        onLayer?.(layer, { kept, loss });
      }
      const left = headsIn(await openTensors(await found(parts, file, true)));
      finished.set(layer, left);
      if (layer === layers.at(-1)) continue;
      const smaller = await openPart(withHeads(model, plan, new Map([[layer, left]]), by), layer, { device });
      await throughLayer(smaller, states, given);
      smaller.dispose();
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { model: withHeads(model, plan, finished, by), close };
}
