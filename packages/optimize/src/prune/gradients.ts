/** Gradients of the loss by weights, over examples. */
import {
  batches,
  throwIfAborted,
  type AbortSignalLike,
  type Dataset,
  type LossFunction,
  type Module,
} from '@espalier/nn';
import { compile, gradients, type Tensor } from '@espalier/tensor';
import { spreadExamples } from '../calibration/examples.ts';
import { RecipeError } from '../errors.ts';
import type { NamedParameter } from '../selection/parameter-filter.ts';

/** Over which examples, and by which loss. */
export interface GradientSite {
  readonly place: string;
  readonly data: Dataset;
  /** Examples, spread evenly over the dataset. */
  readonly examples: number;
  readonly loss: LossFunction;
  /** Ends it between two batches. */
  readonly signal?: AbortSignalLike | undefined;
}

/** Examples that go through the model at once where only their mean is asked for. */
const batchSize = 64;

/**
 * Of each parameter, in doubles: the mean gradient, or the mean over examples of the squares of their own. The loss of a
 * batch is taken to be the mean over its examples. The model is called as it is; evaluation is up to the caller.
 * @throws {RecipeError} naming the parameter, where a gradient is not finite.
 */
export async function measureGradients(
  model: Module,
  chosen: readonly NamedParameter[],
  { place, data, examples, loss, signal }: GradientSite,
  squared: boolean,
): Promise<Float64Array[]> {
  const tensors = chosen.map(({ parameter }) => parameter.tensor);
  const means = tensors.map(({ size }) => new Float64Array(size));
  const step = compile((x: Tensor, y: Tensor) => gradients(loss(model.call(x), y, { x }), tensors));
  const rows = spreadExamples(data.size, examples);
  try {
    for (const part of batches(rows, squared ? 1 : batchSize)) {
      throwIfAborted(signal);
      const { x, y } = await data.batch(part);
      const found = step(x, y);
      const share = part.length / rows.length;
      for (const [index, gradient] of found.entries()) {
        add(means[index] as Float64Array, await gradient.data(), share, squared);
        gradient.dispose();
      }
      x.dispose();
      y.dispose();
    }
  } finally {
    step.dispose();
  }
  const wrong = means.findIndex((mean) => !mean.every((value) => Number.isFinite(value)));
  if (wrong >= 0)
    throw new RecipeError(
      place,
      `the gradient of ${chosen[wrong]?.name} is not finite on the examples to score by; look at the data, or exclude it`,
    );
  return means;
}

function add(means: Float64Array, gradient: ArrayLike<number>, share: number, squared: boolean): void {
  for (let index = 0; index < means.length; index++) {
    const value = gradient[index] as number;
    means[index] = (means[index] as number) + share * (squared ? value * value : value);
  }
}
