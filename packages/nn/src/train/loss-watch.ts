/** The losses of a training, kept on the device: reading each of them would wait for each step. */
import { full, noGrad, type Device, type DType, type Tensor } from '@espalier/tensor';

/** How far a training went well. */
export interface Soundness {
  /** Steps from the first one on whose losses were finite. */
  readonly steps: number;
  /** The loss of the last of them; NaN if there is none. */
  readonly lastLoss: number;
}

/** Sums up the losses of an epoch, and notes the step at which they stop being finite. */
export class LossWatch {
  /** Σ loss · examples over the epoch. */
  readonly sum: Tensor;
  readonly #sound: Tensor;
  readonly #last: Tensor;

  /** In f64 for models that have it: their losses may be beyond f32. */
  constructor(device: Device, dtype: DType) {
    this.sum = full([], 0, { device, dtype }).realizeSync();
    this.#sound = full([], 0, { device, dtype: 'i32' }).realizeSync();
    this.#last = full([], NaN, { device, dtype }).realizeSync();
  }

  /** Takes in the mean loss of a batch; recorded into the step. */
  record(loss: Tensor, examples: number): void {
    noGrad(() => {
      const value = loss.detach().cast(this.sum.dtype);
      const sum = this.sum.add(value.mul(examples));
      // The sum stays infinite or NaN once it is.
      const isSound = sum.isFinite();
      this.#sound.assign(this.#sound.add(isSound.cast('i32')));
      this.#last.assign(value.where(isSound, this.#last));
      this.sum.assign(sum);
    });
  }

  /** Waits for the steps so far, and reads the sum. */
  async total(): Promise<number> {
    return this.sum.item();
  }

  /** Waits for the steps so far, and reads how far they went well. */
  async soundness(): Promise<Soundness> {
    return { steps: await this.#sound.item(), lastLoss: await this.#last.item() };
  }

  /** Begins an epoch; what was sound stays so. */
  nextEpoch(): void {
    this.sum.assign(this.sum.filled([], 0));
  }

  /** Goes on after `steps` sound ones, in an epoch whose losses so far sum to `sum`. */
  resume(steps: number, sum: Tensor | undefined): void {
    this.#sound.assign(this.#sound.filled([], steps));
    if (sum) this.sum.assign(sum);
  }

  dispose(): void {
    for (const tensor of [this.sum, this.#sound, this.#last]) tensor.dispose();
  }
}
