/** What a model costs to store and to run. */
import { countParameters, summary, type Module } from '@espalier/nn';
import { dtypes, type DType, type KernelChoice, type Shape, type Tensor } from '@espalier/tensor';
import { aTensor, anObject, checkOptions, ruleOf, type OptionRules } from '@espalier/tensor/arguments';
import { hasLayout, materialize, countNonZeros, type WeightDescription } from '../layout/materialize.ts';
import { storedBytes } from '../layout/model-file.ts';
import { isOptimizedWeight } from '../layout/optimized-weight.ts';
import { packViewed } from '../layout/viewed-weight.ts';
import { kernelsOf } from './kernels.ts';
import { isViewed, uncarried } from '../views/carried.ts';
import { materializeModel } from '../views/copy.ts';
import { anInputShape, checkMeasurement } from './check-options.ts';
import { exampleOf } from './compare-latency.ts';
import { latencyRules, measureLatency, type Latency, type LatencyOptions } from './latency.ts';

/** The costs of one parameter. */
export interface ParameterCost {
  readonly name: string;
  readonly shape: Shape;
  readonly nonZeros: number;
  /** `dense`, `bitmask` or `csr`; `encoded` for a weight that is stored in a format of its own, `viewed` for one under registered views. */
  readonly layout: WeightDescription['layout'] | 'encoded' | 'viewed';
  /** `float32`, a number format such as `int8`, the dtype of the tensor, or the name of the format. */
  readonly format: string;
  /** Bytes of its arrays in the file. */
  readonly bytes: number;
  /** What its products with one example run on, for a weight that is stored in a format when the model is loaded. */
  readonly kernel?: KernelChoice;
}

/** The costs of a model. */
export interface Cost {
  readonly parameters: number;
  /** Parameters that are not 0. */
  readonly nonZeros: number;
  /** Multiply-accumulate operations for one example, if no zero is skipped. */
  readonly macs: number;
  /** Bytes of the safetensors file. */
  readonly bytes: number;
  /** Bytes of the tensors that a running model holds. */
  readonly memoryBytes: number;
  /** One example at a time; absent where it was not measured. */
  readonly latency?: Latency;
  readonly perParameter: readonly ParameterCost[];
}

/** How costs are measured. */
export interface CostOptions {
  /** The shape of one example, without the batch axis. */
  readonly inputShape: Shape;
  /** Whether, and how, to measure latency: that of one model. What compares two is `compareLatency`. Default: true. */
  readonly latency?: boolean | LatencyOptions;
  /** What it runs on, [1, …inputShape]. Default: 0.5 everywhere, or index 0 for an embedding. */
  readonly input?: Tensor;
}

const costRules: OptionRules<CostOptions> = {
  inputShape: anInputShape,
  latency: ruleOf<boolean | LatencyOptions>(
    'true, false, or options such as { runs: 50 }',
    (value) => typeof value === 'boolean' || anObject.holds(value),
  ),
  input: aTensor,
};

/**
 * Measures what a model costs. Memory and latency are those of a copy as it is when its file is loaded
 * (`materializeModel`).
 * @throws {ArgumentError} for options that cannot be.
 */
export async function measureCost(model: Module, options: CostOptions): Promise<Cost> {
  checkMeasurement('measureCost', { model }, options, costRules);
  if (typeof options.latency === 'object') checkOptions('measureCost', options.latency, latencyRules);
  const { inputShape, latency = true, input } = options;
  const perParameter: ParameterCost[] = [];
  for (const [name, parameter] of model.namedParameters()) {
    const { shape, dtype, stored } = parameter;
    if (stored && !isOptimizedWeight(stored)) {
      const nonZeros = countNonZeros(await parameter.value.data());
      const { format, bytes } = stored.matrix;
      perParameter.push({ name, shape, nonZeros, layout: 'encoded', format: format.name, bytes });
      continue;
    }
    if (isViewed(parameter) && !uncarried(parameter)) {
      const nonZeros = countNonZeros(await parameter.value.data());
      const { arrays } = await packViewed(parameter);
      const bytes = [...arrays.values()].reduce((sum, array) => sum + array.bytes.length, 0);
      perParameter.push({ name, shape, nonZeros, layout: 'viewed', format: formatOf(dtype), bytes });
      continue;
    }
    if (hasLayout(parameter)) {
      const { layout, format, bytes, nonZeros } = await materialize(parameter, name);
      perParameter.push({ name, shape, nonZeros, layout, format, bytes });
      continue;
    }
    const nonZeros = countNonZeros(await parameter.value.data());
    const bytes = parameter.size * dtypes[dtype].bytes;
    perParameter.push({ name, shape, nonZeros, layout: 'dense', format: formatOf(dtype), bytes });
  }
  const loaded = await materializeModel(model);
  const kernels = kernelsOf(loaded, inputShape);
  const memoryBytes =
    loaded.parameters().reduce((sum, { bytes }) => sum + bytes, 0) +
    loaded.buffers().reduce((sum, { size, dtype }) => sum + size * dtypes[dtype].bytes, 0);
  const timing = latency === true ? {} : latency;
  const measured = timing && (await measureLatency(loaded.eval(), input ?? exampleOf(model, inputShape), timing));
  loaded.dispose();
  return {
    parameters: countParameters(model),
    nonZeros: perParameter.reduce((sum, { nonZeros }) => sum + nonZeros, 0),
    macs: summary(model, inputShape).macs,
    bytes: await storedBytes(model),
    memoryBytes,
    ...(measured && { latency: measured }),
    perParameter: perParameter.map((each) => {
      const kernel = kernels.get(each.name);
      return kernel ? { ...each, kernel } : each;
    }),
  };
}

const formatOf = (dtype: DType): string => (dtype === 'f32' ? 'float32' : dtype);
