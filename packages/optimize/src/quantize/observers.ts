/** Observers: they see values in any number of pieces and say which range the numbers of a format should cover. */
import { numbers } from '@espalier/nn/arguments';
import { ArgumentError } from '@espalier/tensor';
import { anObject, check, ruleOf, type Rule } from '@espalier/tensor/arguments';
import { quote } from '../quote.ts';

/** A closed interval of values. */
export interface ValueRange {
  readonly minimum: number;
  readonly maximum: number;
}

/** Sees values piece by piece and ends up with the range to represent. */
export interface Observer {
  /** Takes note of the finite values. */
  observe(values: ArrayLike<number>): void;
  /** The range seen, always with 0 in it. */
  range(): ValueRange;
}

/** Which observer, as JSON. `percentile` is the share of values to cover, in per cent; the rest are clipped. */
export type ObserverConfig =
  | { readonly type: 'min-max' }
  | {
      readonly type: 'percentile';
      /** Default: 99.99. */
      readonly percentile?: number;
    };

/** Covers every value seen. */
class MinMaxObserver implements Observer {
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

const bins = 4096;

const aPercentile: Rule<number> = ruleOf(
  'a number above 50 and at most 100',
  (value) => typeof value === 'number' && value > 50 && value <= 100,
);

/** Covers all but the outermost values, found in a histogram that widens by doubling when a value falls outside. */
class PercentileObserver implements Observer {
  readonly #share: number;
  readonly #extremes = new MinMaxObserver();
  #counts = new Float64Array(bins);
  /** The histogram spans -limit … limit. */
  #limit = 0;
  #total = 0;

  constructor(percentile: number) {
    check('quantize', 'percentile', percentile, aPercentile);
    this.#share = percentile / 100;
  }

  observe(values: ArrayLike<number>): void {
    this.#extremes.observe(values);
    const { minimum, maximum } = this.#extremes.range();
    this.#widen(Math.max(-minimum, maximum));
    if (this.#limit === 0) return;
    for (let index = 0; index < values.length; index++) {
      const value = values[index] as number;
      if (!Number.isFinite(value)) continue;
      const bin = Math.min(bins - 1, Math.floor(((value / this.#limit + 1) / 2) * bins));
      this.#counts[bin] = (this.#counts[bin] as number) + 1;
      this.#total++;
    }
  }

  range(): ValueRange {
    const { minimum, maximum } = this.#extremes.range();
    const spare = (1 - this.#share) * this.#total;
    const width = (2 * this.#limit) / bins;
    let low = 0;
    for (
      let passed = this.#counts[0] as number;
      passed <= spare && low < bins - 1;
      passed += this.#counts[low] as number
    ) {
      low++;
    }
    let high = bins - 1;
    for (
      let passed = this.#counts[high] as number;
      passed <= spare && high > 0;
      passed += this.#counts[high] as number
    ) {
      high--;
    }
    // The outer edge of a bin may lie beyond the last value seen.
    return {
      minimum: Math.max(minimum, Math.min(0, low * width - this.#limit)),
      maximum: Math.min(maximum, Math.max(0, (high + 1) * width - this.#limit)),
    };
  }

  #widen(extent: number): void {
    if (extent <= this.#limit) return;
    if (this.#limit === 0) {
      this.#limit = extent;
      return;
    }
    while (this.#limit < extent) {
      const merged = new Float64Array(bins);
      for (const [bin, count] of this.#counts.entries()) {
        const target = bins / 4 + Math.floor(bin / 2);
        merged[target] = (merged[target] as number) + count;
      }
      this.#counts = merged;
      this.#limit *= 2;
    }
  }
}

const makers: { readonly [Type in ObserverConfig['type']]: (config: ObserverConfig & { type: Type }) => Observer } = {
  'min-max': () => new MinMaxObserver(),
  percentile: ({ percentile = 99.99 }) => new PercentileObserver(percentile),
};

/** The names of the observers. */
export const observerTypes: readonly ObserverConfig['type'][] = Object.keys(makers) as ObserverConfig['type'][];

/**
 * An observer from its configuration.
 * @throws {ArgumentError} for a type it does not know, or a percentile outside (50, 100].
 */
export function createObserver(config: ObserverConfig): Observer {
  check<object>('quantize', 'the observer', config, anObject);
  if (!observerTypes.includes(config.type))
    throw new ArgumentError(
      'quantize',
      `the observer is ${quote(config.type)}; it must be one of ${observerTypes.join(', ')}`,
    );
  const make = makers[config.type] as (config: ObserverConfig) => Observer;
  return make(config);
}
