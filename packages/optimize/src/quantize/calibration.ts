/** Calibration: what a model's inputs say about which errors of a weight matter. */
import type { Dataset, Module } from '@espalier/nn';
import { noGrad, type Axes, type Tensor } from '@espalier/tensor';
import type { NamedParameter } from '../selection/parameter-filter.ts';
import { decodeValues, encodeValues } from './codes.ts';
import { numberFormats, type WeightFormat } from './number-format.ts';

/** The mean square of each input channel of a weight. */
export type InputEnergy = Float32Array;

/** The axis of an input batch that counts channels, by the type of the module. */
const channelAxes: Readonly<Record<string, (input: Tensor) => number>> = {
  linear: ({ rank }) => rank - 1,
  conv2d: () => 1,
};

/**
 * Runs `count` examples, spread evenly over a dataset, through a model in evaluation, and measures the inputs of the modules
 * that the parameters belong to. Parameters of modules whose inputs are no factors of the weight (embeddings) get none.
 */
export async function measureInputs(
  model: Module,
  parameters: readonly NamedParameter[],
  data: Dataset,
  count: number,
): Promise<Map<string, InputEnergy>> {
  const modules = model.namedModules();
  const seen = new Map<string, Tensor[]>();
  const taps: (() => void)[] = [];
  for (const { name } of parameters) {
    const module = modules.get(name.slice(0, Math.max(0, name.lastIndexOf('.'))));
    const axisOf = module && channelAxes[module.type];
    if (!axisOf) continue;
    const squares: Tensor[] = [];
    seen.set(name, squares);
    taps.push(
      tap(module, (input) => {
        const axis = axisOf(input);
        const others: Axes = input.shape.map((_, each) => each).filter((each) => each !== axis);
        squares.push(input.square().mean(others));
      }),
    );
  }
  const wanted = Math.min(count, data.size);
  const { x } = await data.batch(
    Array.from({ length: wanted }, (_, index) => Math.floor((index * data.size) / wanted)),
  );
  model.eval();
  try {
    await noGrad(() => model.forward(x)).realize();
  } finally {
    for (const untap of taps) untap();
  }
  const energies = new Map<string, InputEnergy>();
  // A module that is used more than once has more than one input; they count alike.
  for (const [name, [first, ...others]] of seen) {
    if (first) energies.set(name, (await others.reduce((sum, each) => sum.add(each), first).data()) as Float32Array);
  }
  return energies;
}

/** Shows every input of a module to `see`, until the returned function is called. */
function tap(module: Module, see: (input: Tensor) => void): () => void {
  const forward = module.forward.bind(module);
  module.forward = (input) => {
    see(input);
    return forward(input);
  };
  // The method of the class shows again.
  return () => void Reflect.deleteProperty(module, 'forward');
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
  return Float32Array.from(scales, (scale, group) => {
    const part = values.slice(group * perScale, (group + 1) * perScale);
    let best = { scale, error: Infinity };
    for (const share of shares) {
      const candidate = Float32Array.of(scale * share);
      const back = decodeValues(encodeValues(part, candidate, numberFormats[format]), candidate);
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
