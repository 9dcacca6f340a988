/** Calibration: what a model's inputs say about which errors of a weight matter. */
import type { Module } from '@espalier/nn';
import type { Axes, Tensor } from '@espalier/tensor';
import { visitInputs, type InputMeasure, type InputVisit, type InputWatch } from '../calibration/visit-inputs.ts';
import type { NamedParameter } from '../selection/parameter-filter.ts';
import { decodeValues, encodeValues, runsOf, type Scaling } from './codes.ts';
import { numberFormat, type WeightFormat } from './number-format.ts';

/** The mean square of each input channel of a weight. */
export type InputEnergy = Float32Array;

/** What is done with a parameter, given the energy of its inputs, of which there may be none, and what shows more of them. */
export type CalibrationVisitor = (
  parameter: NamedParameter,
  energy: InputEnergy | undefined,
  watch: (watch: InputWatch) => Promise<void>,
) => Promise<void>;

/** The axis of an input batch that counts channels, by the type of the modules that multiply with a weight. */
const channelAxes: Readonly<Record<string, (input: Tensor) => number>> = {
  linear: ({ rank }) => rank - 1,
  conv2d: () => 1,
};

/** Whether a module multiplies what it is called with by its weight. */
export function isMultiplied({ type }: Module): boolean {
  return Object.hasOwn(channelAxes, type);
}

/** The axis of the channels of what such a module is called with. */
export function channelAxis({ type }: Module, input: Tensor): number {
  return channelAxes[type]?.(input) as number;
}

/** For visitors that watch inputs themselves: of nothing that is measured is any asked for. */
export const channelMeasure: InputMeasure = {
  measures: isMultiplied,
  sumsOf: (input) => ({ sums: input.sum(), count: 1 }),
  suits: () => false,
  batchSize: 32,
};

const channelSquares: InputMeasure = {
  measures: isMultiplied,
  sumsOf: (input, module) => {
    const axis = channelAxis(module, input);
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
  { data, count, signal }: Pick<InputVisit, 'data' | 'count' | 'signal'>,
  visit: CalibrationVisitor,
): Promise<void> {
  await visitInputs(
    model,
    parameters,
    { place: 'quantize', measure: channelSquares, data, count, signal },
    (each, means, watch) => visit(each, means && Float32Array.from(means), watch),
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
  { zeros, group }: Omit<Scaling, 'scales'> = {},
): Float32Array<ArrayBuffer> {
  const factor = inputFactors(shape, energy);
  const wanted = numberFormat(format);
  const columns = values.length / (shape[0] ?? 1);
  const runs = runsOf(values.length, columns, scales.length, group);
  return Float32Array.from(scales, (scale, run) => {
    const [begin, end] = runs[run] as [number, number];
    const part = values.slice(begin, end);
    const zero = zeros?.subarray(run, run + 1);
    let best = { scale, error: Infinity };
    for (const share of shares) {
      const candidate = { scales: Float32Array.of(scale * share), zeros: zero };
      const back = decodeValues(encodeValues(part, candidate, wanted), candidate);
      const error = part.reduce(
        (sum, value, index) => sum + factor(begin + index) * (value - (back[index] as number)) ** 2,
        0,
      );
      if (error < best.error) best = { scale: candidate.scales[0] as number, error };
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
