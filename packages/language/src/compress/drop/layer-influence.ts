/** How much each layer of a model does to what texts give it. */
import { aModelInParts, openPart, type ModelInParts } from '@espalier/models';
import { throwIfAborted, type AbortSignalLike } from '@espalier/nn';
import { defaultDevice, fromTyped, noGrad, type Device } from '@espalier/tensor';
import {
  aCount,
  aDevice,
  anObject,
  aNumber,
  check,
  checkOptions,
  listOf,
  type OptionRules,
} from '@espalier/tensor/arguments';
import { embed } from '../embed.ts';
import { piecesOf, type CalibrationIds } from '../pieces.ts';
import { memoryStates, type StateStore } from '../states.ts';

/** How layers are looked at. */
export interface InfluenceOptions {
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
  /** Where what comes into layers is kept. Default: memory. */
  readonly states?: StateStore;
  readonly signal?: AbortSignalLike;
}

const optionRules: OptionRules<InfluenceOptions> = {
  device: aDevice,
  states: anObject as never,
  signal: anObject as never,
};

/**
 * The mean of 1 - cosine between what comes into a layer and what it gives, over all tokens of some texts; one layer is in memory at a
 * time. What has the least is missed the least. Source: X. Men et al., "ShortGPT: layers in large language models are more redundant
 * than you expect", 2024, arXiv:2403.03853.
 */
export async function layerInfluence(
  model: ModelInParts,
  ids: CalibrationIds,
  options: InfluenceOptions = {},
): Promise<readonly number[]> {
  check('layerInfluence', 'the model', model, aModelInParts);
  const {
    device = defaultDevice(),
    states = memoryStates(),
    signal,
  } = checkOptions('layerInfluence', options, optionRules);
  const pieces = piecesOf(ids);
  await embed({ model, device }, pieces, states);
  const { width } = model.description;
  const influence: number[] = [];
  for (const place of model.places.filter((each) => each.startsWith('layers.'))) {
    throwIfAborted(signal);
    const layer = await openPart(model, place, { device });
    let [sum, tokens] = [0, 0];
    for (const [index, { sequences, length }] of pieces.entries()) {
      using x = fromTyped(await states.read(index), [sequences.length, length, width], { device });
      using y = noGrad(() => layer.call(x));
      const lengths = noGrad(() => x.square().sum(-1).mul(y.square().sum(-1)).sqrt().maximum(1e-12));
      sum += await noGrad(() => x.mul(y).sum(-1).div(lengths).neg().add(1).sum()).item();
      tokens += sequences.length * length;
      await states.write(index, Float32Array.from((await y.data()) as Float32Array));
    }
    layer.dispose();
    influence.push(sum / tokens);
  }
  return influence;
}

/**
 * The layers that are missed the least, by their influence; so many of them, of equals the last.
 * @throws {ArgumentError} for wrong arguments.
 */
export function leastLayers(influence: readonly number[], count: number): readonly number[] {
  check('leastLayers', 'the influence of layers', influence, listOf(aNumber));
  check('leastLayers', 'the number of layers', count, aCount);
  return influence
    .map((value, layer) => ({ value, layer }))
    .toSorted((a, b) => a.value - b.value || b.layer - a.layer)
    .slice(0, count)
    .map(({ layer }) => layer)
    .toSorted((a, b) => a - b);
}
