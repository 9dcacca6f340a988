/** What rounding moves the mean of outputs by, taken off in the biases. */
import { batches, callContext, type CallSite, type Dataset, type Module } from '@espalier/nn';
import { fromTyped, noGrad, scope, type Tensor } from '@espalier/tensor';
import { spreadExamples } from '../calibration/examples.ts';
import { RecipeError } from '../errors.ts';
import type { NamedParameter } from '../selection/parameter-filter.ts';
import { channelAxis } from './calibration.ts';

const batchSize = 128;

/** The modules that multiply by a weight and have a bias, by dotted name. */
export function biasedModules(model: Module, { parameter }: NamedParameter): [string, Module][] {
  return [...model.namedModules()].filter(([, module]) => {
    const own = module.namedParameters({ own: true });
    return own.get('weight')?.identity === parameter.identity && own.has('bias');
  });
}

/** The mean of each output channel of some modules, over examples spread evenly over a dataset; those that are called. */
export async function outputMeans(
  model: Module,
  names: ReadonlySet<string>,
  data: Dataset,
  count: number,
): Promise<Map<string, Float64Array>> {
  model.eval();
  const sums = new Map<string, { readonly sums: Float64Array; count: number }>();
  for (const part of batches(spreadExamples(data.size, count), batchSize)) {
    const { x, y } = await data.batch(part);
    const seen: { readonly name: string; readonly means: Tensor }[] = [];
    scope(() => {
      const output = (value: Tensor, { name, module }: CallSite): void => {
        const axis = channelAxis(module, value);
        const others = value.shape.map((_, each) => each).filter((each) => each !== axis);
        seen.push({ name, means: value.mean(others).realizeSync() });
      };
      const at = (name: string): boolean => names.has(name);
      noGrad(() => model.call(x, callContext({ taps: [{ at, output }] })));
      return seen.map(({ means }) => means);
    });
    for (const { name, means } of seen) {
      const values = (await means.data()) as Float32Array;
      const known = sums.get(name) ?? { sums: new Float64Array(values.length), count: 0 };
      for (const [channel, value] of values.entries())
        known.sums[channel] = (known.sums[channel] as number) + value * part.length;
      known.count += part.length;
      sums.set(name, known);
      means.dispose();
    }
    for (const tensor of [x, y]) tensor.dispose();
  }
  return new Map([...sums].map(([name, { sums: all, count: of }]) => [name, all.map((sum) => sum / of)]));
}

/**
 * Adds to the biases behind a weight what its outputs lack of the means that they had. Returns by how much they moved, as the
 * largest of all channels. Source: M. Nagel et al., "Data-free quantization through weight equalization and bias correction", 2019.
 * @throws {RecipeError} for outputs that are not finite.
 */
export async function correctBiases(
  model: Module,
  named: NamedParameter,
  wanted: ReadonlyMap<string, Float64Array>,
  data: Dataset,
  count: number,
): Promise<number> {
  const modules = biasedModules(model, named);
  const now = await outputMeans(model, new Set(modules.map(([name]) => name)), data, count);
  let most = 0;
  for (const [name, module] of modules) {
    const [before, after] = [wanted.get(name), now.get(name)];
    const bias = module.namedParameters({ own: true }).get('bias');
    if (!before || !after || !bias) continue;
    const missing = Float32Array.from(before, (mean, channel) => mean - (after[channel] as number));
    if (!missing.every((value) => Number.isFinite(value)))
      throw new RecipeError(
        'quantize',
        `the outputs of ${name} are not finite on the examples to correct biases by; look at the data, or exclude ${named.name}`,
      );
    most = missing.reduce((largest, value) => Math.max(largest, Math.abs(value)), most);
    const { tensor } = bias;
    tensor.assign(
      tensor
        .detach()
        .add(fromTyped(missing, [missing.length], { device: tensor.device }))
        .realizeSync(),
    );
  }
  return most;
}
