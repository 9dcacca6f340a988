/** Calibration: what a model's inputs say about which errors of a weight matter. */
import { batches, callContext, type CallSite, type Dataset, type Module } from '@espalier/nn';
import { concat, noGrad, scope, type Axes, type Tensor } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import type { NamedParameter } from '../selection/parameter-filter.ts';
import { decodeValues, encodeValues } from './codes.ts';
import { numberFormats, type WeightFormat } from './number-format.ts';

/** The mean square of each input channel of a weight. */
export type InputEnergy = Float32Array;

/** What is done with a parameter, given the energy of its inputs; of some there is none. */
export type CalibrationVisitor = (parameter: NamedParameter, energy: InputEnergy | undefined) => Promise<void>;

/** The axis of an input batch that counts channels, by the type of the module. */
const channelAxes: Readonly<Record<string, (input: Tensor) => number>> = {
  linear: ({ rank }) => rank - 1,
  conv2d: () => 1,
};

/** Examples that go through the model at once. */
const batchSize = 128;

/**
 * Visits parameters one after the other, in the order in which an example meets them, each with the inputs of the
 * modules that it belongs to on `count` examples, spread evenly over a dataset. The inputs are those of the model in
 * evaluation as it is by then: what the visitor did to a layer is in what the layers behind it see. Parameters of
 * modules whose inputs are no factors of the weight (embeddings) come without.
 * @throws {RecipeError} before the first visit, for a module whose calls are not seen.
 */
export async function calibrate(
  model: Module,
  parameters: readonly NamedParameter[],
  data: Dataset,
  count: number,
  visit: CalibrationVisitor,
): Promise<void> {
  model.eval();
  const wanted = Math.min(count, data.size);
  const rows = Int32Array.from({ length: wanted }, (_, index) => Math.floor((index * data.size) / wanted));
  const order = await modulesInOrder(model, data);
  const located = parameters.map((each) => {
    const modules = order.filter((module) => owns(module, each));
    if (modules.length === 0) checkUnseen(model, each);
    return { each, modules: new Set(modules), place: modules[0] ? order.indexOf(modules[0]) : order.length };
  });
  for (const { each, modules } of located.toSorted((a, b) => a.place - b.place))
    await visit(each, modules.size === 0 ? undefined : await measureInputs(model, modules, data, rows));
}

/** The modules whose inputs are factors of a weight, as an example meets them; once each. */
async function modulesInOrder(model: Module, data: Dataset): Promise<Module[]> {
  const { x, y } = await data.batch([0]);
  const met = new Set<Module>();
  model.visit(x.shape.slice(1), ({ module }) => void (Object.hasOwn(channelAxes, module.type) && met.add(module)));
  x.dispose();
  y.dispose();
  return [...met];
}

/** @throws {RecipeError} for a parameter whose inputs can be measured, of modules that were not met. */
function checkUnseen(model: Module, each: NamedParameter): void {
  for (const [name, module] of model.namedModules())
    if (Object.hasOwn(channelAxes, module.type) && owns(module, each))
      throw new RecipeError(
        'quantize',
        `cannot calibrate ${each.name}: no call of ${name} is seen; the module that holds it must call it with call(x, context) instead of forward(x); if nobody calls it, exclude ${each.name}`,
      );
}

/** Whether a parameter, or one that is tied to it, is a module's own. */
function owns(module: Module, { parameter }: NamedParameter): boolean {
  return [...module.namedParameters({ own: true }).values()].some(({ identity }) => identity === parameter.identity);
}

/** What was seen at one call of a module: squares added up by channel, of `count` values each. */
interface Squares {
  readonly sums: Float64Array;
  count: number;
}

/** The energy of the inputs of modules that share a weight; several calls count alike. */
async function measureInputs(
  model: Module,
  modules: ReadonlySet<Module>,
  data: Dataset,
  rows: Int32Array,
): Promise<InputEnergy> {
  const calls: Squares[] = [];
  for (const part of batches(rows, batchSize)) {
    const { x, y } = await data.batch(part);
    const counts: number[] = [];
    const squares = scope(() => {
      const seen: Tensor[] = [];
      const input = (value: Tensor, { module: { type } }: CallSite): void => {
        const axis = channelAxes[type]?.(value) as number;
        const others: Axes = value.shape.map((_, each) => each).filter((each) => each !== axis);
        seen.push(value.square().sum(others));
        counts.push(value.size / (value.shape[axis] as number));
      };
      const taps = [{ at: (_: string, module: Module) => modules.has(module), input }];
      // The output is asked for by nobody, so that nothing behind the last of these modules is computed.
      noGrad(() => model.call(x, callContext({ taps })));
      return concat(seen);
    });
    const values = await squares.data();
    const width = values.length / counts.length;
    for (const [call, each] of counts.entries()) {
      const known = (calls[call] ??= { sums: new Float64Array(width), count: 0 });
      for (let channel = 0; channel < width; channel++)
        known.sums[channel] = (known.sums[channel] as number) + (values[call * width + channel] as number);
      known.count += each;
    }
    for (const tensor of [x, y, squares]) tensor.dispose();
  }
  const width = calls[0]?.sums.length ?? 0;
  return Float32Array.from({ length: width }, (_, channel) =>
    calls.reduce((energy, { sums, count }) => energy + (sums[channel] as number) / count, 0),
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
