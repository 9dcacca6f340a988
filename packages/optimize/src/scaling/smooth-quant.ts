/** Activations that are hard to round made easier, and weights as much harder. */
import type { Json, Module } from '@espalier/nn';
import { visitInputs } from '../calibration/visit-inputs.ts';
import { RecipeError } from '../errors.ts';
import { channelMeasure } from '../quantize/calibration.ts';
import { quote } from '../quote.ts';
import { integerOption, numberOption, optionsOf } from '../recipe/options.ts';
import type { Pass, PassContext, PassPlan, PassRecord, StepConfig } from '../recipe/pass.ts';
import { checkFilter, selectParameters, type ParameterFilter } from '../selection/parameter-filter.ts';
import { readWeights } from '../selection/weights.ts';
import { channelSizes } from './channel-sizes.ts';
import { channelAt, layersOf, pairsOf, type ScaledLayer } from './layers.ts';
import { scalesFirst } from './order.ts';
import { checkScalable, rawValues, scaleInputs } from './scale.ts';

/** Options of `smoothQuant`. */
export interface SmoothQuantOptions extends ParameterFilter {
  /** How much of the range of activations goes over to weights, from 0 to 1. Default: 0.5. */
  readonly alpha?: number;
  /** Whether layers whose division nobody before them takes stay as they are, so that a plain file can have the model. Default: false. */
  readonly foldedOnly?: boolean;
  /** On how many examples of the training data, spread evenly, and how many of them go through the model at once. Default: 512, 32 at once. */
  readonly calibrate?: { readonly examples: number; readonly batch?: number };
}

/**
 * Divides each channel of what a layer is given by max |x|^α / max |w|^(1 - α), and multiplies its weights by that: the model
 * computes what it did, up to rounding in f32, and both are easier to round together. The layer before takes the division where
 * one follows the other in a sequence; else it stays before the layer. Comes before `quantize({ activations })`.
 * Source: G. Xiao et al., "SmoothQuant: accurate and efficient post-training quantization for large language models", ICML 2023.
 * @throws {RecipeError} for options it does not know.
 *
 * @example
 * runRecipe(model, [smoothQuant({ alpha: 0.5 }), quantize({ activations: 'static' })], { data: { train } })
 */
export function smoothQuant(options: SmoothQuantOptions = {}): Pass {
  const place = 'smooth-quant';
  optionsOf(place, options, ['alpha', 'foldedOnly', 'calibrate', 'include', 'exclude']);
  const { alpha = 0.5, foldedOnly = false } = options;
  const calibrate: NonNullable<SmoothQuantOptions['calibrate']> = options.calibrate ?? { examples: 512 };
  if (typeof foldedOnly !== 'boolean')
    throw new RecipeError(place, `foldedOnly is ${quote(foldedOnly)}; it must be true or false`);
  numberOption(place, 'alpha', alpha, { least: 0, most: 1 });
  optionsOf(`${place}.calibrate`, calibrate, ['examples', 'batch']);
  integerOption(place, 'calibrate.examples', calibrate.examples, 1);
  if (calibrate.batch !== undefined) integerOption(place, 'calibrate.batch', calibrate.batch, 1);
  checkFilter(place, options);
  const config: StepConfig = { type: place, ...(options as object as { readonly [option: string]: Json }) };

  async function plan(model: Module, { data, signal }: PassContext): Promise<PassPlan> {
    const chosen = selectParameters(place, model, options);
    const layers = layersOf(model, chosen);
    if (layers.length === 0)
      throw new RecipeError(
        place,
        'no linear layer or convolution has a weight among those chosen that nothing else reads; leave it out',
      );
    const train = data?.train;
    if (!train || train.size === 0) throw new RecipeError(place, 'calibrates, and data.train has no example');
    for (const each of chosen) {
      checkScalable(place, each);
      await readWeights(place, each);
    }
    const pairs = pairsOf(model, layers);
    const count = Math.min(calibrate.examples, train.size);
    const summary = `scale the channels into ${layers.length} layers, calibrated on ${count} ${count === 1 ? 'example' : 'examples'}`;
    return {
      summary,
      apply: async () => {
        const details: Record<string, Json> = {};
        const { batch } = calibrate;
        const measure = batch === undefined ? channelMeasure : { ...channelMeasure, batchSize: batch };
        const visit = { place, measure, data: train, count, signal } as const;
        await visitInputs(
          model,
          layers.map(({ named }) => named),
          visit,
          async (named, _, watch) => {
            const layer = layers.find((each) => each.named === named) as ScaledLayer;
            if (pairs.some(({ together }) => together.includes(layer))) return;
            const sizes = await channelSizes(named, watch, 'largest', batch);
            if (!sizes.every(Number.isFinite))
              throw new RecipeError(
                place,
                `the inputs of ${named.name} are not finite on the examples to calibrate on`,
              );
            const pair = pairs.find(({ to }) => to === layer);
            const all = [layer, ...(pair?.together ?? [])];
            const factors = joinedFactors(await factorsOf(all, sizes, alpha), pair?.channels);
            const where = await scaleInputs(layer, pair, factors, foldedOnly);
            for (const each of all)
              details[each.named.name] = {
                scales: where,
                leastFactor: Math.min(...factors),
                largestFactor: Math.max(...factors),
              };
          },
        );
        const finalize = async (): Promise<PassRecord> => ({ config, summary, details });
        return { model, finalize };
      },
    };
  }

  return { config, needs: 'calibration', effects: ['scales'], order: scalesFirst, plan };
}

/** max |x|^α / max |w|^(1 - α) of each channel, over layers that get the same; 1 where one of them is 0. */
async function factorsOf(
  layers: readonly ScaledLayer[],
  sizes: Float32Array,
  alpha: number,
): Promise<Float32Array<ArrayBuffer>> {
  const weights = new Float32Array(sizes.length);
  for (const layer of layers) {
    const channel = channelAt(layer);
    for (const [index, value] of (await rawValues(layer.named.parameter)).entries()) {
      const at = channel(index);
      weights[at] = Math.max(weights[at] as number, Math.abs(value));
    }
  }
  return Float32Array.from(sizes, (size, at) => {
    const weight = weights[at] as number;
    return size > 0 && weight > 0 ? boundedFactor(size ** alpha / weight ** (1 - alpha)) : 1;
  });
}

/** No factor takes f32 to the ends of its range. */
export function boundedFactor(factor: number): number {
  return Math.min(2 ** 20, Math.max(2 ** -20, factor));
}

/** One factor for the inputs that come of one output of the layer before, as those of a flattened image: their geometric mean. */
export function joinedFactors(
  factors: Float32Array<ArrayBuffer>,
  channels: number | undefined,
): Float32Array<ArrayBuffer> {
  if (channels === undefined || channels === factors.length) return factors;
  const each = factors.length / channels;
  return Float32Array.from({ length: channels }, (_, channel) => {
    const part = factors.subarray(channel * each, (channel + 1) * each);
    return Math.exp(part.reduce((sum, factor) => sum + Math.log(factor), 0) / each);
  });
}
