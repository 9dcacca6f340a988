/** Weights of layers that follow each other brought to the same range, before anything is rounded. */
import type { Json, Module } from '@espalier/nn';
import { RecipeError } from '../errors.ts';
import { integerOption, optionsOf } from '../recipe/options.ts';
import type { Pass, PassContext, PassPlan, PassRecord, StepConfig } from '../recipe/pass.ts';
import { checkFilter, selectParameters, type ParameterFilter } from '../selection/parameter-filter.ts';
import { readWeights } from '../selection/weights.ts';
import { channelAt, channelsOf, layersOf, pairsOf, type ScaledPair } from './layers.ts';
import { scalesFirst } from './order.ts';
import { outputsKept } from './outputs-kept.ts';
import { checkScalable, rawValues, scalePair } from './scale.ts';

/** Options of `equalize`. */
export interface EqualizeOptions extends ParameterFilter {
  /** How often all pairs are gone through: a layer between two others belongs to two of them. Default: 10. */
  readonly rounds?: number;
}

/**
 * Cross-layer equalisation: of each two linear layers or convolutions that follow each other in a sequence, with nothing between
 * but rectifiers, pooling and flattening, each channel gets the same range of weights on both sides, √(r₁ · r₂). The model
 * computes what it did, up to rounding in f32; a scale for a whole tensor then suits all of its channels. No data, no training.
 * Source: M. Nagel et al., "Data-free quantization through weight equalization and bias correction", 2019.
 * @throws {RecipeError} for options it does not know.
 *
 * @example
 * runRecipe(model, [equalize(), quantize({ granularity: 'tensor' })])
 */
export function equalize(options: EqualizeOptions = {}): Pass {
  const place = 'equalize';
  optionsOf(place, options, ['rounds', 'include', 'exclude']);
  const { rounds = 10 } = options;
  integerOption(place, 'rounds', rounds, 1);
  checkFilter(place, options);
  const config: StepConfig = { type: place, ...(options as object as { readonly [option: string]: Json }) };

  async function plan(model: Module, { data }: PassContext): Promise<PassPlan> {
    const chosen = selectParameters(place, model, options);
    const layers = layersOf(model, chosen);
    const pairs = pairsOf(model, layers).filter(({ weight }) =>
      layers.some(({ named: { parameter } }) => parameter.identity === weight?.identity),
    );
    if (pairs.length === 0)
      throw new RecipeError(
        place,
        'no two layers follow each other with nothing but rectifiers, pooling or flattening between; leave it out',
      );
    for (const each of chosen) {
      checkScalable(place, each);
      await readWeights(place, each);
    }
    const summary = `equalize the channels of ${pairs.length} ${pairs.length === 1 ? 'pair' : 'pairs'} of layers`;
    return {
      summary,
      apply: async () => {
        const details: Record<string, Json> = {};
        const scaled = async (): Promise<Module> => {
          for (let round = 0; round < rounds; round++)
            for (const pair of pairs) {
              const factors = await factorsOf(pair);
              await scalePair(pair, factors);
              const { name } = pair.to.named;
              const [least, largest] = [Math.min(...factors), Math.max(...factors)];
              details[name] ??= { channels: pair.channels, leastFactor: least, largestFactor: largest };
            }
          return model;
        };
        await outputsKept(place, model, data, scaled);
        const finalize = async (): Promise<PassRecord> => ({ config, summary, details });
        return { model, finalize };
      },
    };
  }

  return { config, needs: 'nothing', effects: ['scales'], order: scalesFirst, plan };
}

/** √(r₁ / r₂) of the ranges of each channel on both sides; 1 where one of them is 0. */
async function factorsOf({ weight, channels, to }: ScaledPair): Promise<Float32Array<ArrayBuffer>> {
  if (!weight) return new Float32Array(channels).fill(1);
  const before = rangesOf(await rawValues(weight), channels, (index) => Math.floor((index * channels) / weight.size));
  const channel = channelAt(to);
  const perFactor = channelsOf(to) / channels;
  const after = rangesOf(await rawValues(to.named.parameter), channels, (index) =>
    Math.floor(channel(index) / perFactor),
  );
  return before.map((range, each) => {
    const other = after[each] as number;
    return range > 0 && other > 0 ? Math.sqrt(range / other) : 1;
  });
}

/** The largest magnitude of what belongs to each channel. */
function rangesOf(
  values: Float32Array,
  channels: number,
  channel: (index: number) => number,
): Float32Array<ArrayBuffer> {
  const ranges = new Float32Array(channels);
  for (const [index, value] of values.entries()) {
    const at = channel(index);
    ranges[at] = Math.max(ranges[at] as number, Math.abs(value));
  }
  return ranges;
}
