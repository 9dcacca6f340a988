/** Where a training moves weights: towards 0, or away from it. */
import { full, zerosLike, type Tensor } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import type { NamedParameter } from '../selection/parameter-filter.ts';

/** What is added up for one parameter, and what was lost in rounding. */
interface Sum {
  readonly named: NamedParameter;
  readonly sum: Tensor;
  readonly lost: Tensor;
}

/** -Σ lr · w · ∂L/∂w over the steps of a training, for each weight, on the device of the model. */
export class Movement {
  readonly #sums: readonly Sum[];
  readonly #rate: Tensor;
  #steps = 0;

  constructor(chosen: readonly NamedParameter[]) {
    this.#sums = chosen.map((named) => {
      const zero = (): Tensor => zerosLike(named.parameter.tensor.detach()).realizeSync();
      return { named, sum: zero(), lost: zero() };
    });
    const device = chosen[0]?.parameter.device;
    this.#rate = full([], 0, { dtype: 'f32', ...(device && { device }) }).realizeSync();
  }

  /** Tells the learning rate of the step that is next. */
  beginStep(learningRate: number): void {
    this.#rate.assign(this.#rate.filled([], learningRate));
    this.#steps++;
  }

  /**
   * Takes in the gradients of a step; recorded into the step.
   * @throws {RecipeError} for a parameter that is not trained.
   */
  record(gradients: ReadonlyMap<Tensor, Tensor>): void {
    for (const { named, sum, lost } of this.#sums) {
      const { tensor } = named.parameter;
      const gradient = gradients.get(tensor);
      if (!gradient)
        throw new RecipeError('prune', `${named.name} is not trained, and so it is not moved; exclude it, or train it`);
      // Thousands of steps add up in f32: what each sum rounds off goes into the next (W. Kahan, 1965).
      const moved = tensor.mul(gradient).mul(this.#rate).neg().sub(lost);
      const next = sum.add(moved);
      lost.assign(next.sub(sum).sub(moved));
      sum.assign(next);
    }
  }

  /**
   * The movement of each parameter so far.
   * @throws {RecipeError} before the first step.
   */
  async read(): Promise<Float32Array[]> {
    // The step that is next was told already.
    if (this.#steps <= 1)
      throw new RecipeError(
        'prune',
        'movement is gathered in training, and weights would go before its first step; train longer, or let the schedule begin later',
      );
    return Promise.all(this.#sums.map(async ({ sum }) => (await sum.data()) as Float32Array));
  }

  dispose(): void {
    for (const { sum, lost } of this.#sums) for (const tensor of [sum, lost]) tensor.dispose();
    this.#rate.dispose();
  }
}
