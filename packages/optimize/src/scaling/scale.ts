/** Scaling the channels between layers, so that the model computes what it did. */
import { fromTyped } from '@espalier/tensor';
import type { Parameter } from '@espalier/nn';
import { RecipeError } from '../errors.ts';
import { isMaskedOnly } from '../layout/masked-only.ts';
import { MaskView } from '../prune/mask-view.ts';
import type { NamedParameter } from '../selection/parameter-filter.ts';
import { channelAt, channelsOf, type ScaledLayer, type ScaledPair } from './layers.ts';
import { ScaledInput } from './scaled-input.ts';

/** @throws {RecipeError} naming the weight, for one whose raw values are not what the model computes with. */
export function checkScalable(place: string, { name, parameter }: NamedParameter): void {
  if (isMaskedOnly(parameter)) return;
  if (parameter.stored) throw new RecipeError(place, `${name} is stored in a format; scale it before that`);
  const other = parameter.views.find((view) => !(view instanceof MaskView));
  throw new RecipeError(
    place,
    `${name} is seen through the view ${other?.name}, and its raw values are not what the model computes with; scale it before, or exclude ${name}`,
  );
}

/** The raw values of a parameter. */
export async function rawValues({ tensor }: Parameter): Promise<Float32Array<ArrayBuffer>> {
  return Float32Array.from((await tensor.data()) as Float32Array);
}

/** Multiplies the raw values of a parameter, each by what its index has. */
export async function multiplyBy(parameter: Parameter, factor: (index: number) => number): Promise<void> {
  const values = (await rawValues(parameter)).map((value, index) => value * factor(index));
  const { shape, device } = parameter.tensor;
  parameter.tensor.assign(fromTyped(values, shape, { device }).realizeSync());
}

/** Multiplies the weights of a layer by the factor of the channel that each meets. */
export async function scaleWeights(layer: ScaledLayer, factors: Float32Array): Promise<void> {
  const channel = channelAt(layer);
  const perFactor = channelsOf(layer) / factors.length;
  await multiplyBy(layer.named.parameter, (index) => factors[Math.floor(channel(index) / perFactor)] as number);
}

/** Divides what a layer gives, each output by its factor. */
async function divideOutputs({ from, channels }: ScaledPair, factors: Float32Array): Promise<void> {
  for (const parameter of from) {
    const perOutput = parameter.size / channels;
    await multiplyBy(parameter, (index) => 1 / (factors[Math.floor(index / perOutput)] as number));
  }
}

/** Multiplies the weights of layers by factors of the outputs of the one before, which is divided by them. */
export async function scalePair(pair: ScaledPair, factors: Float32Array): Promise<void> {
  await divideOutputs(pair, factors);
  for (const layer of [pair.to, ...pair.together]) await scaleWeights(layer, factors);
}

/**
 * The same where the layer before may be none that can take the factors: then its inputs are divided by them as they come, unless nothing
 * may stand before it: then it stays as it is.
 */
export async function scaleInputs(
  layer: ScaledLayer,
  pair: ScaledPair | undefined,
  factors: Float32Array<ArrayBuffer>,
  foldedOnly = false,
): Promise<'folded' | 'kept' | 'none'> {
  if (pair && pair.channels === factors.length) {
    await scalePair(pair, factors);
    return 'folded';
  }
  if (foldedOnly) return 'none';
  await scaleWeights(layer, factors);
  const { inputs, device } = layer.named.parameter;
  const known = inputs.findIndex((view) => view instanceof ScaledInput);
  const before = inputs[known];
  if (before instanceof ScaledInput)
    inputs[known] = new ScaledInput(
      before.factors.map((factor, channel) => factor * (factors[channel] as number)),
      device,
    );
  else inputs.unshift(new ScaledInput(factors, device));
  return 'kept';
}
