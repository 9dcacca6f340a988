/** How much worse a model is than another, on the same examples. */
import { batches, enterEvaluation, type Dataset, type LossFunction, type Module } from '@espalier/nn';
import { compile, noGrad, type Tensor } from '@espalier/tensor';
import { aLossValue } from '@espalier/nn/arguments';
import { check } from '@espalier/tensor/arguments';
import { spreadExamples } from '../calibration/examples.ts';

/** A difference of means over the same examples. */
export interface Damage {
  readonly damage: number;
  /** Its standard error, by the differences of batches. */
  readonly error: number;
}

/** What a model is judged by. */
export interface JudgeOptions {
  /** By how much it grows. Where there is none: the squared distance of the outputs, as a share of their squares. */
  readonly loss: LossFunction | undefined;
  readonly data: Dataset;
  /** Examples, spread evenly over the dataset. */
  readonly examples: number;
}

/** Examples at once. Differences of batches say how sure the mean is; there should be enough of them. */
const batchSize = 32;

/** What a batch says of a model: its loss, or its outputs. */
type Verdict = Float64Array;

/** Judges models against the one it was made for. */
export class Judge {
  readonly #options: JudgeOptions;
  readonly #parts: readonly Int32Array[];
  readonly #before: readonly Verdict[];

  private constructor(options: JudgeOptions, parts: readonly Int32Array[], before: readonly Verdict[]) {
    this.#options = options;
    this.#parts = parts;
    this.#before = before;
  }

  /** A judge against a model as it is now. */
  static async against(model: Module, options: JudgeOptions): Promise<Judge> {
    const parts = batches(spreadExamples(options.data.size, options.examples), batchSize);
    return new Judge(options, parts, await verdicts(model, parts, options));
  }

  /** How much worse a model is. */
  async damage(model: Module): Promise<Damage> {
    const after = await verdicts(model, this.#parts, this.#options);
    const worse = after.map((verdict, index) => this.#worse(verdict, this.#before[index] as Verdict));
    const sizes = this.#parts.map(({ length }) => length);
    const all = sizes.reduce((sum, size) => sum + size, 0);
    const damage = worse.reduce((sum, each, index) => sum + (each * (sizes[index] as number)) / all, 0);
    const squares = worse.reduce((sum, each) => sum + (each - damage) ** 2, 0);
    const count = worse.length;
    return { damage, error: count < 2 ? 0 : Math.sqrt(squares / (count - 1) / count) };
  }

  #worse(after: Verdict, before: Verdict): number {
    if (this.#options.loss) return (after[0] as number) - (before[0] as number);
    let [distance, size] = [0, 0];
    for (const [index, value] of after.entries()) {
      distance += (value - (before[index] as number)) ** 2;
      size += (before[index] as number) ** 2;
    }
    return size === 0 ? distance : distance / size;
  }
}

async function verdicts(model: Module, parts: readonly Int32Array[], { loss, data }: JudgeOptions): Promise<Verdict[]> {
  const leave = enterEvaluation(model);
  const step = compile((x: Tensor, y: Tensor) =>
    noGrad(() => {
      const output = model.call(x);
      return loss ? check('sensitivity', 'what the loss gives', loss(output, y, { x }), aLossValue) : output;
    }),
  );
  const found: Verdict[] = [];
  try {
    for (const part of parts) {
      const { x, y } = await data.batch(part);
      const result = step(x, y);
      found.push(Float64Array.from(await result.data()));
      for (const tensor of [x, y, result]) tensor.dispose();
    }
  } finally {
    step.dispose();
    leave();
  }
  return found;
}
