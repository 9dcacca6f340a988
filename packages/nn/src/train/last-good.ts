/** What a training that diverges goes back to, and what it says. */
import { full, isFloat, noGrad, scope, type Tensor } from '@espalier/tensor';
import { DivergenceError } from '../errors.ts';
import type { Module } from '../module/module.ts';
import type { WrongInput } from './inputs.ts';
import type { Soundness } from './loss-watch.ts';

const remedy = "lower the learning rate, clip gradients, or go on all the same with divergence: 'ignore'";

async function areFinite(tensors: readonly Tensor[]): Promise<boolean> {
  // 0 · x is 0 for all that is finite, and NaN for the rest.
  const sum = scope(() =>
    noGrad(() => {
      const [first, ...others] = tensors.map((tensor) => tensor.mul(0).sum().cast('f32'));
      return others.reduce((total, each) => total.add(each), first ?? full([], 0));
    }),
  );
  const isZero = (await sum.item()) === 0;
  sum.dispose();
  return isZero;
}

/** The values of a model after its last epoch that went well, in a copy on its device. */
export class LastGood {
  readonly #model: Module;
  #values: ReadonlyMap<string, Tensor> | undefined;

  constructor(model: Module) {
    this.#model = model;
  }

  /** Keeps the values as they are now. */
  keep(): void {
    this.dispose();
    this.#values = this.#model.state();
  }

  /** Puts the model back to them, in evaluation mode. */
  restore(): void {
    if (this.#values) this.#model.load(this.#values);
    this.#model.eval();
  }

  /**
   * One read.
   * @throws {DivergenceError} with the model put back, when one of its values is not finite: the last update of an
   * epoch may have been the one too many, which no loss shows any more.
   */
  async check(step: number, soundness: () => Promise<Soundness>): Promise<void> {
    const floats = [...this.#model.rawTensors()].filter(([, { dtype }]) => isFloat(dtype));
    if (await areFinite(floats.map(([, tensor]) => tensor))) return;
    const found = await Promise.all(floats.map(async ([name, tensor]) => ((await areFinite([tensor])) ? [] : [name])));
    const names = found.flat();
    const { lastLoss } = await soundness();
    this.restore();
    throw new DivergenceError(
      'fit',
      `after step ${step} ${names.slice(0, 3).join(', ')} hold NaN or ∞, though the loss was still ${lastLoss}; ${remedy}`,
      { step, lastFiniteLoss: lastLoss },
    );
  }

  /** The error of a loss that is no longer finite, perhaps by an input that is not. */
  divergence(loss: number, { steps, lastLoss }: Soundness, input: WrongInput | undefined): DivergenceError {
    const last = Number.isNaN(lastLoss) ? 'no loss before it was finite' : `the loss before it was ${lastLoss}`;
    const step = steps + 1;
    const advice = input
      ? `the input of example ${input.row} holds ${input.value}, and so the output is not finite: look at the data`
      : remedy;
    return new DivergenceError('fit', `the loss is ${loss} from step ${step} on, and ${last}; ${advice}`, {
      step,
      lastFiniteLoss: lastLoss,
    });
  }

  dispose(): void {
    for (const tensor of this.#values?.values() ?? []) tensor.dispose();
    this.#values = undefined;
  }
}
