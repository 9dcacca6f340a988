/** What a row of the table of optimization is. */
import type { Json } from '@espalier/nn';
import type { Bench } from './bench.ts';

/** What was measured. */
export interface Outcome {
  readonly value: number;
  /** Whether the value is what the target says. */
  readonly holds: boolean;
  /** The figures that the value comes from. */
  readonly details: Json;
}

/** One claim, and how it is measured. */
export interface Row {
  /** `subject/claim`, as `--only` takes it. */
  readonly name: string;
  /** What the value is, and what it has to be: `errors over dense <= 5`. */
  readonly target: string;
  /** What the row needs and this machine lacks, in words; undefined where all is at hand. Default: nothing is lacking. */
  readonly missing?: () => string | undefined;
  readonly measure: (bench: Bench) => Promise<Outcome>;
}

/** A row that holds for a value up to a limit. */
export function atMost(limit: number, value: number, details: Json): Outcome {
  return { value, holds: value <= limit, details };
}

/** A row that holds for a value from a limit. */
export function atLeast(limit: number, value: number, details: Json): Outcome {
  return { value, holds: value >= limit, details };
}

/** The mean of some numbers. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
