/** Objectives and constraints as people write them, `maximize accuracy` and `latency <= 2ms`, down to their types. */
import { showValue } from '../checked/quote.ts';
import { ObjectiveError } from '../errors.ts';
import { own } from '../json.ts';

/** What to look for: a metric, and which way is better. */
export interface Objective {
  readonly direction: 'maximize' | 'minimize';
  readonly metric: string;
}

/** What a good trial must satisfy: a bound on a metric, in the metric's own unit, or in base units if one was given. */
export interface Constraint {
  readonly metric: string;
  readonly relation: '<=' | '>=';
  readonly bound: number;
}

/** What a bound may be written in, and how much of the base unit (seconds, bytes, 1) each is. */
const units = {
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  min: 60,
  h: 3600,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
  '%': 0.01,
  k: 1e3,
  M: 1e6,
  G: 1e9,
} as const;

/** A unit that a bound may be written in. */
export type Unit = keyof typeof units;

/** The metrics that objectives and constraints, written as strings, name; `string` when they are not literals. */
export type MetricOf<Text extends string> = string extends Text
  ? string
  : Text extends `${'maximize' | 'minimize'} ${infer Metric}`
    ? Metric
    : Text extends `${infer Metric} ${'<=' | '>='} ${number}${Unit | ''}`
      ? Metric
      : never;

const metricName = String.raw`[^\s<>=]+`;
const objectiveForm = new RegExp(`^(maximize|minimize) (${metricName})$`, 'u');
const constraintForm = new RegExp(String.raw`^(${metricName}) (<=|>=) (\S+)$`, 'u');

/** The parts of a text in a form; none of what is in another, or no text. */
function matched(form: RegExp, text: unknown): readonly (string | undefined)[] {
  return typeof text === 'string' ? (form.exec(text.trim()) ?? []) : [];
}

/**
 * Reads `maximize accuracy` or `minimize bytes`.
 * @throws {ObjectiveError} when it reads otherwise.
 */
export function parseObjective(text: string): Objective {
  const [, direction, metric] = matched(objectiveForm, text);
  if (direction === undefined || metric === undefined) {
    throw new ObjectiveError(
      `objective: cannot read ${showValue(text)}: write 'maximize accuracy' or 'minimize bytes'`,
    );
  }
  return { direction: direction === 'maximize' ? 'maximize' : 'minimize', metric };
}

/** A number with or without a unit; NaN when it is neither. */
function quantity(text: string): number {
  const [, number, unit = ''] = /^([-+.\deE]*\d)(\D*)$/u.exec(text) ?? [];
  if (number === undefined || (unit !== '' && !Object.hasOwn(units, unit))) return Number.NaN;
  return unit === '' ? Number(number) : Number((Number(number) * units[unit as Unit]).toPrecision(15));
}

/**
 * Reads `accuracy >= 0.9`, or with a unit `latency <= 2ms`, which bounds a metric told in the base unit: seconds, bytes,
 * or 1 for percentages and counts.
 * @throws {ObjectiveError} when it reads otherwise.
 */
export function parseConstraint(text: string): Constraint {
  const [, metric, relation, number] = matched(constraintForm, text);
  const bound = quantity(number ?? '');
  if (metric === undefined || !Number.isFinite(bound)) {
    throw new ObjectiveError(
      `constraint: cannot read ${showValue(text)}: write 'latency <= 0.002' or 'latency <= 2ms', with <= or >= and one of the units ${Object.keys(units).join(', ')}`,
    );
  }
  return { metric, relation: relation === '<=' ? '<=' : '>=', bound };
}

/** An objective as it is written. */
export function showObjective({ direction, metric }: Objective): string {
  return `${direction} ${metric}`;
}

/** A constraint as it is written. */
export function showConstraint({ metric, relation, bound }: Constraint): string {
  return `${metric} ${relation} ${bound}`;
}

/** By how much a metric breaks a constraint: 0 when it holds, Infinity when the metric is missing or not a number. */
export function violation(constraint: Constraint, metrics: Readonly<Record<string, number>>): number {
  const value = own(metrics, constraint.metric);
  if (value === undefined || Number.isNaN(value)) return Infinity;
  return Math.max(0, constraint.relation === '<=' ? value - constraint.bound : constraint.bound - value);
}
