import { ObjectiveError } from '../errors.ts';

/** What to look for: a metric, and which way is better. */
export interface Objective {
  readonly direction: 'maximize' | 'minimize';
  readonly metric: string;
}

/** What a good trial must satisfy: a bound on a metric, in the metric's own unit. */
export interface Constraint {
  readonly metric: string;
  readonly relation: '<=' | '>=';
  readonly bound: number;
}

/** The metrics that objectives and constraints, written as strings, name; `string` when they are not literals. */
export type MetricOf<Text extends string> = string extends Text
  ? string
  : Text extends `${'maximize' | 'minimize'} ${infer Metric}`
    ? Metric
    : Text extends `${infer Metric} ${'<=' | '>='} ${number}`
      ? Metric
      : never;

const metricName = String.raw`[^\s<>=]+`;
const objectiveForm = new RegExp(`^(maximize|minimize) (${metricName})$`, 'u');
const constraintForm = new RegExp(String.raw`^(${metricName}) (<=|>=) (\S+)$`, 'u');

/**
 * Reads `maximize accuracy` or `minimize bytes`.
 * @throws ObjectiveError
 */
export function parseObjective(text: string): Objective {
  const [, direction, metric] = objectiveForm.exec(text.trim()) ?? [];
  if (direction === undefined || metric === undefined) {
    throw new ObjectiveError(`objective: cannot read '${text}': write 'maximize accuracy' or 'minimize bytes'`);
  }
  return { direction: direction === 'maximize' ? 'maximize' : 'minimize', metric };
}

/**
 * Reads `latency <= 2` or `accuracy >= 0.9`.
 * @throws ObjectiveError
 */
export function parseConstraint(text: string): Constraint {
  const [, metric, relation, number] = constraintForm.exec(text.trim()) ?? [];
  const bound = Number(number);
  if (metric === undefined || !Number.isFinite(bound)) {
    throw new ObjectiveError(
      `constraint: cannot read '${text}': write 'latency <= 2', with <= or >= and a number in the metric's own unit`,
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
  const value = metrics[constraint.metric];
  if (value === undefined || Number.isNaN(value)) return Infinity;
  return Math.max(0, constraint.relation === '<=' ? value - constraint.bound : constraint.bound - value);
}
