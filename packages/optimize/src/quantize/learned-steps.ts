/**
 * Quantization whose scales are trained with what they round. Source: S. K. Esser et al., "Learned step size quantization",
 * ICLR 2020.
 */
import { Parameter, type InputView, type ParameterView } from '@espalier/nn';
import { fromTyped, type Device, type Tensor } from '@espalier/tensor';
import { roundedInputName, StaticRounding, type StaticScale } from './activations/rounded-input.ts';
import { numberFormat, type WeightFormat } from './number-format.ts';
import { quantizeViewName, spread, type ScalingOptions } from './quantize-view.ts';
import { activationCodes, throughCodes } from './rounding-ops.ts';

/** No step is below it. */
const smallest = 2 ** -126;

/** Steps as they are used: above 0, with a gradient that is a part of their own. */
function stepsOf(steps: Parameter, part: number): Tensor {
  const value = steps.value.abs().maximum(smallest);
  return value.mul(part).add(value.detach().mul(1 - part));
}

const used = async (steps: Parameter): Promise<Float32Array<ArrayBuffer>> =>
  Float32Array.from((await steps.tensor.data()) as Float32Array, (step) => Math.max(Math.abs(step), smallest));

/**
 * The scales that training begins with: 2 · mean |w| / √(largest code) of each run of weights, [begin, end], those that are 0 left
 * out, as pruned ones are; 1 where all are.
 */
export function firstSteps(
  values: Float32Array,
  runs: readonly (readonly [number, number])[],
  format: WeightFormat,
): Float32Array<ArrayBuffer> {
  const { maximum } = numberFormat(format);
  return Float32Array.from(runs, ([begin, end]) => {
    const part = values.subarray(begin, end).filter((value) => value !== 0);
    const mean = part.reduce((sum, value) => sum + Math.abs(value), 0) / Math.max(1, part.length);
    return mean > 0 ? Math.max((2 * mean) / Math.sqrt(maximum), smallest) : 1;
  });
}

/**
 * Shows a parameter rounded to the codes of a format by scales that are trained. Of n weights that share a scale its gradient
 * is 1 / √(n · largest code) of what it would be, which makes steps of scales as large, for their size, as those of weights.
 */
export class LearnedSteps implements ParameterView {
  readonly name: string = quantizeViewName;
  readonly settings: string;
  /** As many as a `QuantizeView` has scales. */
  readonly steps: Parameter;
  /** What stays as it is: zero points and the size of groups. */
  readonly options: ScalingOptions;
  readonly apply: (tensor: Tensor) => Tensor;

  constructor(format: WeightFormat, scales: Float32Array, like: Tensor, options: ScalingOptions = {}) {
    const { minimum, maximum } = numberFormat(format);
    const { shape, device, size } = like;
    const { zeros, group } = options;
    const part = 1 / Math.sqrt((size / scales.length) * maximum);
    const place = (values: Float32Array): Tensor => fromTyped(values, [values.length], { device });
    const zero = zeros ? spread(place(Float32Array.from(zeros)), shape, group).realizeSync() : 0;
    this.settings = `${format} learned`;
    this.options = options;
    this.steps = new Parameter(place(scales));
    this.apply = (values) =>
      throughCodes([values, spread(stepsOf(this.steps, part), shape, group), zero], { minimum, maximum });
  }

  /** The scales as they are by now. */
  scales(): Promise<Float32Array<ArrayBuffer>> {
    return used(this.steps);
  }
}

/** Rounds what a weight is multiplied with by a scale that is trained; the zero point stays. */
export class LearnedRounding implements InputView {
  readonly name: string = roundedInputName;
  readonly by = 'channel';
  readonly zero: number;
  readonly settings: string;
  readonly steps: Parameter;

  constructor({ scale, zero }: StaticScale, device: Device) {
    this.zero = zero;
    this.settings = `learned ${zero}`;
    this.steps = new Parameter(fromTyped(Float32Array.of(scale), [1], { device }));
  }

  apply = (x: Tensor): Tensor => {
    const features = x.size / (x.shape[0] as number);
    const step = stepsOf(this.steps, 1 / Math.sqrt(features * activationCodes.maximum));
    return throughCodes([x, step, this.zero], { ...activationCodes });
  };

  copy = (device: Device): LearnedRounding =>
    new LearnedRounding({ scale: Math.abs(this.steps.tensor.detach().itemSync()), zero: this.zero }, device);

  /** The rounding that was learned. */
  async settled(): Promise<StaticRounding> {
    const [scale = 1] = await used(this.steps);
    return new StaticRounding({ scale, zero: this.zero });
  }
}
