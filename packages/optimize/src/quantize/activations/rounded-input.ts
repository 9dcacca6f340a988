/** Activations that are rounded to codes of 8 bits before they meet a weight. */
import type { InputMeaning, InputView } from '@espalier/nn';
import { customGradient, rowSumsToKeep, type EncodedMatrix, type Tensor } from '@espalier/tensor';
import { activationCodes, fromCodes, throughCodes, toCodes } from '../rounding-ops.ts';

/** The name of such views. */
export const roundedInputName = 'round-inputs';

/** How activations are rounded: with a scale that each row has at the time, or with one that calibration found. */
export type RoundedInput = DynamicRounding | StaticRounding;

/** Where a row of zeros has the scale 0, what it is divided by. */
const smallest = 2 ** -149;
/** Codes from -127 to 127, of at most this times 127: of the largest f32 it would be rounded up to one that overflows. */
const [largestCode, largestScaled] = [127, (2 - 2 ** -22) * 2 ** 127];

/**
 * Rounds each row of what a weight is multiplied with by a scale of its own, its largest magnitude / 127; a row that is not
 * finite is NaN. The gradient passes straight through: nothing is clamped.
 */
export class DynamicRounding implements InputView {
  readonly name: string = roundedInputName;
  readonly by = 'row';
  readonly settings: string = 'dynamic';
  readonly meaning: InputMeaning = { does: 'round-rows' };

  apply = (x: Tensor, axis: number): Tensor =>
    customGradient({
      forward: (values) => {
        const most = values.abs().max([axis], { keepDims: true });
        const scale = most.minimum(largestScaled).div(largestCode);
        return values.div(scale.maximum(smallest)).round().mul(scale).where(most.isFinite(), NaN);
      },
      backward: (gradient) => [gradient],
    })(x);

  multiply = (x: Tensor, matrix: EncodedMatrix): Tensor => matrix.t().after(x, { activations: 'int8' });

  copy = (): DynamicRounding => this;
}

/** The scale of activations, and the code of 0. */
export interface StaticScale {
  readonly scale: number;
  /** From -128 to 127; 0 for codes around 0. */
  readonly zero: number;
}

/**
 * Rounds what a weight is multiplied with by one scale, to the codes from -128 to 127; what lies outside is clamped. There is no
 * code for NaN: a stored weight meets some number in its place. The gradient passes straight through where nothing is clamped and is 0 elsewhere (Y. Bengio et al., 2013).
 */
export class StaticRounding implements InputView {
  readonly name: string = roundedInputName;
  readonly by = 'channel';
  readonly scale: number;
  readonly zero: number;
  readonly settings: string;
  readonly meaning: InputMeaning;
  /** What the zero point adds to each output of the matrix that was met last. */
  #shift: { readonly of: EncodedMatrix; readonly values: Tensor } | undefined;

  constructor({ scale, zero }: StaticScale) {
    this.scale = scale;
    this.zero = zero;
    this.settings = `static ${scale} ${zero}`;
    this.meaning = { does: 'round', scale, zero };
  }

  apply = (x: Tensor): Tensor => throughCodes([x, this.scale, this.zero], { ...activationCodes });

  multiply = (x: Tensor, matrix: EncodedMatrix): Tensor => {
    const { scale, zero } = this;
    const codes = toCodes([x, scale, zero]).cast('i8');
    const product = matrix.t().after(codes);
    return zero === 0 ? product.mul(scale) : fromCodes([product, scale, this.#shiftOf(matrix)]);
  };

  copy = (): StaticRounding => new StaticRounding(this);

  /** -zero · scale times the sum of each row, computed once for a matrix: [rows]. */
  #shiftOf(matrix: EncodedMatrix): Tensor {
    const known = this.#shift;
    if (known?.of === matrix) return known.values;
    const { sums, isComputed } = rowSumsToKeep(matrix, -this.zero * this.scale);
    if (!isComputed) return sums;
    known?.values.dispose();
    this.#shift = { of: matrix, values: sums };
    return sums;
  }
}

/** Whether a view rounds activations. */
export function isRoundedInput(view: InputView): view is RoundedInput {
  return view instanceof DynamicRounding || view instanceof StaticRounding;
}
