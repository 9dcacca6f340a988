/** Calibration: what a model's inputs say about which errors of a weight matter. */
import type { Dataset, Module } from '@espalier/nn';
import type { Axes, Tensor } from '@espalier/tensor';
import { visitInputs, type InputMeasure } from '../calibration/visit-inputs.ts';
import type { NamedParameter } from '../selection/parameter-filter.ts';
import { decodeValues, encodeValues } from './codes.ts';
import { numberFormat, type WeightFormat } from './number-format.ts';

/** The mean square of each input channel of a weight. */
export type InputEnergy = Float32Array;

/** What is done with a parameter, given the energy of its inputs; of some there is none. */
export type CalibrationVisitor = (parameter: NamedParameter, energy: InputEnergy | undefined) => Promise<void>;

/** The axis of an input batch that counts channels, by the type of the module. */
const channelAxes: Readonly<Record<string, (input: Tensor) => number>> = {
  linear: ({ rank }) => rank - 1,
  conv2d: () => 1,
};

const channelSquares: InputMeasure = {
  measures: ({ type }) => Object.hasOwn(channelAxes, type),
  sumsOf: (input, { type }) => {
    const axis = channelAxes[type]?.(input) as number;
    const others: Axes = input.shape.map((_, each) => each).filter((each) => each !== axis);
    return { sums: input.square().sum(others), count: input.size / (input.shape[axis] as number) };
  },
  batchSize: 128,
};

/**
 * Visits parameters as `visitInputs` does, each with the energy of its inputs on `count` examples, spread evenly over a
 * dataset.
 * @throws {RecipeError} before the first visit, for a module whose calls are not seen.
 */
export async function calibrate(
  model: Module,
  parameters: readonly NamedParameter[],
  data: Dataset,
  count: number,
  visit: CalibrationVisitor,
): Promise<void> {
  await visitInputs(model, parameters, { place: 'quantize', measure: channelSquares, data, count }, (each, means) =>
    visit(each, means && Float32Array.from(means)),
  );
}

/** How far ranges are narrowed, in search of the narrowest error. */
const shares: readonly number[] = Array.from({ length: 26 }, (_, step) => 1 - step * 0.02);

/**
 * For each scale the share of it, from 1 down to 0.5, with the least error at the output, Σ energy · (w - ŵ)²: clipping a few
 * large weights may be worth a finer step for all others. Of equals, the largest. `shape` is the weight's, `energy` that of
 * its inputs; weights that share a scale follow each other.
 */
export function refineScales(
  values: Float32Array,
  scales: Float32Array,
  format: WeightFormat,
  shape: readonly number[],
  energy: InputEnergy,
): Float32Array<ArrayBuffer> {
  const perScale = values.length / scales.length;
  const factor = inputFactors(shape, energy);
  const wanted = numberFormat(format);
  return Float32Array.from(scales, (scale, group) => {
    const part = values.slice(group * perScale, (group + 1) * perScale);
    let best = { scale, error: Infinity };
    for (const share of shares) {
      const candidate = Float32Array.of(scale * share);
      const back = decodeValues(encodeValues(part, candidate, wanted), candidate);
      const error = part.reduce(
        (sum, value, index) => sum + factor(group * perScale + index) * (value - (back[index] as number)) ** 2,
        0,
      );
      if (error < best.error) best = { scale: candidate[0] as number, error };
    }
    return best.scale;
  });
}

/** The energy of the input that the weight of an index is multiplied with. */
function inputFactors(shape: readonly number[], energy: InputEnergy): (index: number) => number {
  const [outputs = 1, inputs = 1, ...kernel] = shape;
  const area = kernel.reduce((product, size) => product * size, 1);
  const groups = energy.length / inputs;
  return (index) => {
    const output = Math.floor(index / (inputs * area));
    const group = Math.floor((output * groups) / outputs);
    return energy[group * inputs + (Math.floor(index / area) % inputs)] ?? 1;
  };
}
