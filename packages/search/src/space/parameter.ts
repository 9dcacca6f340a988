/** A value that one parameter can take. */
export type ParameterValue = string | number | boolean | null;

/** A whole or real number in a range, linear or logarithmic, continuous or on a grid of steps. */
export interface NumberParameter {
  readonly kind: 'int' | 'float';
  /** The smallest value, included. */
  readonly low: number;
  /** The largest value, included when it lies on the grid. */
  readonly high: number;
  /** The distance of neighbouring values, counted from `low`; absent for a continuous number. */
  readonly step?: number;
  /** Whether equal ratios, rather than equal differences, are equally likely. */
  readonly log: boolean;
}

/** One of a list of values that have no order. */
export interface ChoiceParameter<Value extends ParameterValue = ParameterValue> {
  readonly kind: 'choice';
  readonly values: readonly Value[];
}

/** What a strategy assigns a value to: one active path of a config each. */
export type Parameter = NumberParameter | ChoiceParameter;
