/** Channels of what a weight is multiplied with, each divided by a number of its own. */
import type { InputMeaning, InputView } from '@espalier/nn';
import { fromTyped, type Device, type Tensor } from '@espalier/tensor';

/** The name of such views. */
export const scaledInputName = 'scale-inputs';

/** Divides each channel by a factor: what its weights were multiplied by, where no layer before could take it. */
export class ScaledInput implements InputView {
  readonly name: string = scaledInputName;
  readonly by = 'channel';
  /** One for each channel, all above 0. */
  readonly factors: Float32Array<ArrayBuffer>;
  readonly meaning: InputMeaning;
  readonly #shares: Tensor;

  constructor(factors: Float32Array<ArrayBuffer>, device: Device) {
    this.factors = factors;
    this.meaning = { does: 'divide', factors };
    this.#shares = fromTyped(
      factors.map((factor) => 1 / factor),
      [factors.length],
      { device },
    ).realizeSync();
  }

  apply = (x: Tensor, axis: number): Tensor =>
    x.mul(this.#shares.reshape(x.shape.map((_, each) => (each === axis ? this.factors.length : 1))));

  copy = (device: Device): ScaledInput => new ScaledInput(this.factors, device);
}
