/** What a model costs to store and to run. */
import { countParameters, summary, type Module } from '@espalier/nn';
import { dtypes, type Shape, type Tensor } from '@espalier/tensor';
import { aBoolean, aTensor, anObject, checkOptions, ruleOf, type OptionRules } from '@espalier/tensor/arguments';
import { storedBytes } from '../layout/model-file.ts';
import { kernelsOf } from './kernels.ts';
import { materializeModel } from '../views/copy.ts';
import { anInputShape, checkMeasurement } from './check-options.ts';
import { exampleOf } from './compare-latency.ts';
import { measureParameter, type ParameterCost } from './parameter-cost.ts';
import { latencyRules, measureLatency, type Latency, type LatencyOptions } from './latency.ts';

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
  /** Whether bytes are those of a file that is entropy-coded (see `packWeights`). Default: false. */
  readonly entropy?: boolean;
}

const costRules: OptionRules<CostOptions> = {
  inputShape: anInputShape,
  latency: ruleOf<boolean | LatencyOptions>(
    'true, false, or options such as { runs: 50 }',
    (value) => typeof value === 'boolean' || anObject.holds(value),
  ),
  input: aTensor,
  entropy: aBoolean,
};

/**
 * Measures what a model costs. Memory and latency are those of a copy as it is when its file is loaded
 * (`materializeModel`).
 * @throws {ArgumentError} for options that cannot be.
 */
export async function measureCost(model: Module, options: CostOptions): Promise<Cost> {
  checkMeasurement('measureCost', { model }, options, costRules);
  if (typeof options.latency === 'object') checkOptions('measureCost', options.latency, latencyRules);
  const { inputShape, latency = true, input, entropy = false } = options;
  const perParameter: ParameterCost[] = [];
  for (const [name, parameter] of model.namedParameters())
    perParameter.push(await measureParameter(name, parameter, { entropy }));
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
    bytes: await storedBytes(model, { entropy }),
    memoryBytes,
    ...(measured && { latency: measured }),
    perParameter: perParameter.map((each) => {
      const kernel = kernels.get(each.name);
      return kernel ? { ...each, kernel } : each;
    }),
  };
}
