import type { ParameterValue } from '@espalier/search';

/** What a single value of a recipe may be. */
export interface Slot {
  /** In words, such as `a whole number from 1 to 3`. */
  readonly allowed: string;
  accepts(value: unknown): value is ParameterValue;
}

/** A whole number within bounds. */
export function wholeNumber(low: number, high: number): Slot {
  return {
    allowed: `a whole number from ${low} to ${high}`,
    accepts: (value): value is number => Number.isSafeInteger(value) && Number(value) >= low && Number(value) <= high,
  };
}

/** A number within bounds. */
export function numberWithin(low: number, high: number): Slot {
  return {
    allowed: `a number from ${low} to ${high}`,
    accepts: (value): value is number => typeof value === 'number' && value >= low && value <= high,
  };
}

/** One of some values. */
export function oneOf(values: readonly ParameterValue[]): Slot {
  return {
    allowed: `one of ${values.join(', ')}`,
    accepts: (value): value is ParameterValue => values.some((one) => one === value),
  };
}
