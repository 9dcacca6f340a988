/** What observers are: they see values in any number of pieces and say which range the numbers of a format should cover. */
import { numbers } from '@espalier/nn/arguments';
import { check } from '@espalier/tensor/arguments';

/** A closed interval of values. */
export interface ValueRange {
  readonly minimum: number;
  readonly maximum: number;
}

/** The whole numbers that a range is going to be rounded to. */
export interface RangeCodes {
  /** The least and the largest code. */
  readonly minimum: number;
  readonly maximum: number;
  /** Whether there is a zero point, so that a range need not lie around 0. */
  readonly zeros: boolean;
}

/** Sees values piece by piece and ends up with the range to represent. */
export interface Observer {
  /** Takes note of the finite values. */
  observe(values: ArrayLike<number>): void;
  /** The range to be covered by some codes, always with 0 in it. Default: those of `int8`, around 0. */
  range(codes?: RangeCodes): ValueRange;
}

/** The codes of `int8`. */
export const int8Codes: RangeCodes = { minimum: -127, maximum: 127, zeros: false };

/** Covers every value seen. */
export class MinMaxObserver implements Observer {
  #minimum = 0;
  #maximum = 0;

  observe(values: ArrayLike<number>): void {
    check('observe', 'values', values, numbers);
    for (let index = 0; index < values.length; index++) {
      const value = values[index] as number;
      if (!Number.isFinite(value)) continue;
      if (value < this.#minimum) this.#minimum = value;
      if (value > this.#maximum) this.#maximum = value;
    }
  }

  range(): ValueRange {
    return { minimum: this.#minimum, maximum: this.#maximum };
  }
}

/** Covers the average range of the pieces, the last of which count most. */
export class MovingAverageObserver implements Observer {
  readonly #momentum: number;
  #range: ValueRange | undefined;

  /** `momentum` is the share of what was seen before that each piece leaves. */
  constructor(momentum: number) {
    this.#momentum = momentum;
  }

  observe(values: ArrayLike<number>): void {
    const extremes = new MinMaxObserver();
    extremes.observe(values);
    // A piece of which nothing was seen has no range, not even that of 0.
    if (!Array.prototype.some.call(values, Number.isFinite)) return;
    const now = extremes.range();
    const before = this.#range ?? now;
    const mixed = (was: number, is: number): number => this.#momentum * was + (1 - this.#momentum) * is;
    this.#range = { minimum: mixed(before.minimum, now.minimum), maximum: mixed(before.maximum, now.maximum) };
  }

  range(): ValueRange {
    return this.#range ?? { minimum: 0, maximum: 0 };
  }
}
