/** What stands between what a layer is called with and its weight. */
import type { Device, EncodedMatrix, Tensor } from '@espalier/tensor';

/**
 * What an input view computes, in numbers, for those who write models in other formats: rounds to codes of 8 bits,
 * (round(x / scale) + zero, from -128 to 127); rounds each row by a scale of its own, its largest magnitude / 127; or divides each
 * channel by a factor.
 */
export type InputMeaning =
  | { readonly does: 'round'; readonly scale: number; readonly zero: number }
  | { readonly does: 'round-rows' }
  | { readonly does: 'divide'; readonly factors: Float32Array };

/**
 * Something that what a weight is multiplied with goes through first: rounding of activations, a scale for each channel. As a
 * `ParameterView` it keeps shape and dtype. It is part of what the model computes, whether the weight is dense or stored.
 */
export interface InputView {
  /** What kind of view this is, for reports and files. */
  readonly name: string;
  /**
   * What it looks at. `channel`: each element alone, and which channel it is of, so that a convolution applies it to images;
   * `row`: all that is summed up for one result, so that it comes last, and a convolution lays its windows out before.
   */
  readonly by: 'channel' | 'row';
  /** What the next view, and at last the weight, meets; `axis` is that of the channels. */
  readonly apply: (x: Tensor, axis: number) => Tensor;
  /**
   * x [rows, columns] times the transpose of a weight that is stored, [out, columns]: f32 [rows, out], as `apply` and the
   * product would give it. Asked of the last view. Default: those.
   */
  readonly multiply?: (x: Tensor, matrix: EncodedMatrix) => Tensor;
  /** The same view for the parameter of a copied model. */
  readonly copy: (device: Device) => InputView | Promise<InputView>;
  /** The tensors it works with that change in training, by name, as those of a `ParameterView`. */
  readonly state?: () => ReadonlyMap<string, Tensor>;
  /** What it works with that does not change, as a text. */
  readonly settings?: string;
  /** What it computes, if that can be said in numbers. */
  readonly meaning?: InputMeaning;
}
