/** The mean moments of what a batch norm sees, told from how its running ones follow. */
import type { BatchNorm } from '@espalier/nn';
import { fromTyped, type Tensor } from '@espalier/tensor';

/** One running moment: its values after the last batch, and the sum over all of what batches had. */
interface Moment {
  readonly running: Tensor;
  /** What it was at first. */
  readonly given: Float64Array;
  before: Float64Array;
  readonly sums: Float64Array;
}

const read = async (running: Tensor): Promise<Float64Array> =>
  Float64Array.from((await running.data()) as Float32Array | Float64Array);

function assign(running: Tensor, values: Float64Array): void {
  const { shape, device, dtype } = running;
  const typed = dtype === 'f64' ? Float64Array.from(values) : Float32Array.from(values);
  running.assign(fromTyped(typed, shape, { device }).realizeSync());
}

/** Takes the moments of a norm in training, batch after batch, and gives it their mean at the end. */
export class SeenMoments {
  readonly #momentum: number;
  readonly #moments: readonly Moment[];
  #calls = 0;
  #examples = 0;

  private constructor(norm: BatchNorm, moments: readonly Moment[]) {
    this.#momentum = norm.options.momentum;
    this.#moments = moments;
  }

  /** Has the running moments begin at 0, so that what they were is in no digit of what is seen. */
  static async of(norm: BatchNorm): Promise<SeenMoments> {
    const moments: Moment[] = [];
    for (const running of [norm.runningMean, norm.runningVariance]) {
      const given = await read(running);
      const zeros = new Float64Array(given.length);
      assign(running, zeros);
      moments.push({ running, given, before: zeros, sums: zeros.slice() });
    }
    return new SeenMoments(norm, moments);
  }

  /** Told of each call in a batch. */
  wasCalled(): void {
    this.#calls++;
  }

  /** Takes in a batch of so many examples. */
  async add(examples: number): Promise<void> {
    if (this.#calls === 0) return;
    // Each call leaves a part of what the moment was; the rest is the mean of what its calls saw.
    const left = (1 - this.#momentum) ** this.#calls;
    for (const moment of this.#moments) {
      const { running, before, sums } = moment;
      const after = await read(running);
      for (let at = 0; at < sums.length; at++) {
        const seen = ((after[at] as number) - left * (before[at] as number)) / (1 - left);
        sums[at] = (sums[at] as number) + examples * seen;
      }
      moment.before = after;
    }
    this.#calls = 0;
    this.#examples += examples;
  }

  /** Gives the norm what was seen; what it had, where nothing was. */
  settle(): void {
    for (const [index, { running, given, sums }] of this.#moments.entries()) {
      const least = index === 0 ? -Infinity : 0;
      const seen = sums.map((sum) => Math.max(least, sum / this.#examples));
      assign(running, this.#examples === 0 ? given : seen);
    }
  }
}
