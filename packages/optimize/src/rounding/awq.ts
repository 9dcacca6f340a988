/** Rounding in which the channels that matter get finer steps. */
import type { Module, Parameter } from '@espalier/nn';
import { visitInputs } from '../calibration/visit-inputs.ts';
import { RecipeError } from '../errors.ts';
import { relativeError } from '../quantize/fitting.ts';
import { quote } from '../quote.ts';
import { optionsOf } from '../recipe/options.ts';
import type { Pass, PassContext, PassPlan } from '../recipe/pass.ts';
import { channelSizes } from '../scaling/channel-sizes.ts';
import { channelAt, layersOf, pairsOf, type ScaledLayer, type ScaledPair } from '../scaling/layers.ts';
import { scalesFirst } from '../scaling/order.ts';
import { checkScalable, rawValues, scaleInputs } from '../scaling/scale.ts';
import { boundedFactor } from '../scaling/smooth-quant.ts';
import {
  calibratedOptionNames,
  calibratedPass,
  checkCalibrated,
  measureFor,
  type CalibratedOptions,
} from '../second-order/calibrated-pass.ts';
import { columnProducts } from '../second-order/inputs.ts';
import {
  numberOptionNames,
  numbersOf,
  RoundedWeights,
  type NumberOptions,
  type Numbers,
} from '../second-order/numbers.ts';
import { energyOf, joined, lossOf, noteOn, partsOf, type Part } from '../second-order/part.ts';
import { roundToNearest } from '../second-order/round-part.ts';
import { selectParameters } from '../selection/parameter-filter.ts';

/** Options of `awq`. */
export interface AwqOptions extends NumberOptions, CalibratedOptions {
  /** Whether weights that share a scale have a zero point; below 8 bits. Default: true there. */
  readonly zeros?: boolean;
  /** Whether ranges may be narrower than the weights where that makes the errors less. Default: true. */
  readonly clip?: boolean;
  /** Whether layers whose division nobody before them takes are rounded as they are, so that a plain file can have the model. Default: false. */
  readonly foldedOnly?: boolean;
}

/** The exponents that are tried: 0, 0.05 … 0.95. */
const exponents: readonly number[] = Array.from({ length: 20 }, (_, step) => step / 20);

/**
 * Activation-aware rounding: multiplies the weights of each channel by mean |x|^α, and divides what the layer is given by that,
 * with the α of which rounding to the nearest numbers then loses least at the output, as examples of the training data show it;
 * then rounds them to those numbers. The layer before takes the division where one follows the other in a sequence or a
 * block of a transformer; else it stays before the layer. Below 8 bits weights are stored, as by `encode`; so it comes last.
 * Source: J. Lin et al., "AWQ: activation-aware weight quantization for on-device LLM compression and acceleration", MLSys 2024.
 * @throws {RecipeError} for options that contradict themselves.
 *
 * @example
 * awq({ bits: 4, group: 32 })
 */
export function awq(options: AwqOptions = {}): Pass {
  const place = 'awq';
  optionsOf(place, options, [...numberOptionNames, 'zeros', 'clip', 'foldedOnly', ...calibratedOptionNames]);
  const { bits = 4, zeros = bits < 8, clip = true, foldedOnly = false } = options;
  for (const [name, value] of Object.entries({ zeros, clip, foldedOnly }))
    if (typeof value !== 'boolean')
      throw new RecipeError(place, `${name} is ${quote(value)}; it must be true or false`);
  const numbers = numbersOf(place, options, zeros);
  checkCalibrated(place, options);
  const target = new RoundedWeights(numbers);
  const how = (columns: number): RoundingOptions => ({ ...numbers, clip, width: target.widthFor(columns) });
  const rounding = calibratedPass({
    place,
    options,
    effects: ['scales', ...target.effects],
    measure: columnProducts,
    words: `round to ${target.words} by AWQ the weights`,
    change: (weight, products) => {
      const { named, values, columns } = weight;
      const parts = partsOf(weight, products);
      const rounded = parts.map((part) => roundToNearest(part, how(columns)));
      const became = joined(rounded.map((part) => part.values));
      target.set(
        named,
        became,
        rounded.flatMap(({ grids }) => grids),
      );
      const energy = energyOf(parts);
      const loss = parts.reduce((sum, part, at) => sum + lossOf(part, rounded[at]?.values as Float64Array), 0);
      return {
        bits: numbers.bits,
        ...scaled.get(named.parameter),
        relativeError: relativeError(values, became),
        ...(energy > 0 && { outputError: loss / energy }),
        ...noteOn(columns, []),
      };
    },
    settle: (named) => target.settle(named),
  });
  const scaled = new WeakMap<Parameter, { readonly alpha: number; readonly scales: 'folded' | 'kept' }>();

  /** Scales the channels of all layers, each as those before it give them by then; nothing is rounded yet. */
  async function scaleLayers(model: Module, { data, signal }: PassContext): Promise<void> {
    const layers = layersOf(model, selectParameters(place, model, options));
    const pairs = pairsOf(model, layers);
    const train = data?.train;
    if (!train) return;
    const count = options.calibrate?.examples ?? 1024;
    const visit = { place, measure: measureFor(columnProducts, options), data: train, count, signal } as const;
    const named = layers.map((layer) => layer.named);
    await visitInputs(model, named, { ...visit, unseen: 'visit' }, async (each, products, watch) => {
      const layer = layers.find((other) => other.named === each) as ScaledLayer;
      if (!products || pairs.some(({ together }) => together.includes(layer))) return;
      const pair = pairs.find(({ to }) => to === layer);
      if (foldedOnly && !pair) return;
      const all = [layer, ...(pair?.together ?? [])];
      const sizes = await channelSizes(each, watch, 'mean', options.calibrate?.batch);
      const { alpha, factors } = await bestScaling(all, pair, products, sizes, how);
      const scales = alpha === 0 ? 'none' : await scaleInputs(layer, pair, factors, foldedOnly);
      if (scales !== 'none') for (const { named: one } of all) scaled.set(one.parameter, { alpha, scales });
    });
  }

  return {
    ...rounding,
    order: scalesFirst,
    plan: async (model: Module, context: PassContext): Promise<PassPlan> => {
      const { summary, apply } = await rounding.plan(model, context);
      for (const each of selectParameters(place, model, options)) checkScalable(place, each);
      return {
        summary,
        apply: async () => {
          await scaleLayers(model, context);
          return apply();
        },
      };
    },
  };
}

type RoundingOptions = Numbers & { readonly clip: boolean; readonly width: number };

interface Scaling {
  readonly alpha: number;
  /** One for each channel that can have one of its own. */
  readonly factors: Float32Array<ArrayBuffer>;
}

/** The exponent with which rounding loses least at the output, of all layers that get the same; of equals the least. */
async function bestScaling(
  layers: readonly ScaledLayer[],
  pair: ScaledPair | undefined,
  products: Float64Array,
  sizes: Float32Array,
  how: (columns: number) => RoundingOptions,
): Promise<Scaling> {
  const perFactor = sizes.length / (pair?.channels ?? sizes.length);
  const all: { readonly part: Part; readonly factorOf: (index: number) => number }[] = [];
  for (const layer of layers) {
    const { parameter } = layer.named;
    const [rows = 1] = parameter.shape;
    const weight = { named: layer.named, values: await rawValues(parameter), rows, columns: parameter.size / rows };
    const channel = channelAt(layer);
    for (const [at, part] of partsOf({ ...weight, kept: undefined }, products).entries()) {
      const begin = at * part.weights.length;
      all.push({ part, factorOf: (index) => Math.floor(channel(begin + index) / perFactor) });
    }
  }
  let best: Scaling & { loss: number } = { alpha: 0, factors: new Float32Array(), loss: Infinity };
  for (const alpha of exponents) {
    const factors = factorsAt(sizes, perFactor, alpha);
    let loss = 0;
    for (const { part, factorOf } of all)
      loss += lossScaled(part, (index) => factors[factorOf(index)] as number, how(part.columns));
    if (loss < best.loss) best = { alpha, factors, loss };
  }
  return best;
}

/** mean |x|^α, of geometric mean 1 between the largest and the least; 1 where nothing came. */
function factorsAt(sizes: Float32Array, perFactor: number, alpha: number): Float32Array<ArrayBuffer> {
  const powers = Float32Array.from({ length: sizes.length / perFactor }, (_, at) => {
    const part = sizes.subarray(at * perFactor, (at + 1) * perFactor);
    return (part.reduce((sum, size) => sum + size, 0) / perFactor) ** alpha;
  });
  const present = powers.filter((power) => power > 0);
  const middle = Math.sqrt(Math.max(...present) * Math.min(...present));
  return powers.map((power) => (power > 0 && middle > 0 ? boundedFactor(power / middle) : 1));
}

/** The mean square that outputs are off by, where weights are multiplied by factors, rounded, and divided by them again. */
function lossScaled(part: Part, factor: (index: number) => number, options: RoundingOptions): number {
  const { columns, products } = part;
  const factors = Float64Array.from({ length: columns }, (_, column) => factor(column));
  const scaledProducts = products?.map(
    (product, index) =>
      product / (factors[Math.floor(index / columns)] as number) / (factors[index % columns] as number),
  );
  const scaledPart = {
    ...part,
    // As f32, which they will be: a rounding that is tried is the one that is made.
    weights: part.weights.map((weight, index) => Math.fround(weight * (factors[index % columns] as number))),
    products: scaledProducts,
  };
  return lossOf(scaledPart, roundToNearest(scaledPart, { ...options, clip: false }).values);
}
