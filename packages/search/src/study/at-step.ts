/** Trials as they were after some steps, so that those which went on can be compared with those which did not. */
import { own } from '../json.ts';
import type { Criteria } from './ranking.ts';
import type { Metrics, TrialRecord } from './trial-record.ts';

/**
 * A trial's metrics after that many steps: those it told there, else its first report at or past the step. Undefined
 * when it has not come so far.
 */
export function metricsAt({ budget, metrics, reports }: TrialRecord, step: number): Metrics | undefined {
  if (budget?.step === step && Object.keys(metrics).length > 0) return metrics;
  return reports.find((report) => report.step >= step)?.metrics;
}

const known = new WeakMap<TrialRecord, Map<number, TrialRecord | undefined>>();

/**
 * A trial as if it had been complete after that many steps, for comparison with others there; a NaN counts as the worst
 * there is, and a constraint that is not known there as satisfied. Undefined when it has not come so far, told not
 * every objective there, or failed later.
 */
export function atStep(trial: TrialRecord, step: number, criteria: Criteria): TrialRecord | undefined {
  const { budget, reports, state } = trial;
  if (state === 'failed') return undefined;
  if (budget !== undefined && budget.step < step && (reports.at(-1)?.step ?? -1) < step) return undefined;
  let steps = known.get(trial);
  if (steps === undefined) known.set(trial, (steps = new Map()));
  if (!steps.has(step)) steps.set(step, completeAt(trial, step, criteria));
  return steps.get(step);
}

function completeAt(trial: TrialRecord, step: number, { objectives, constraints }: Criteria): TrialRecord | undefined {
  const found = metricsAt(trial, step);
  if (found === undefined) return undefined;
  if (!objectives.every(({ metric }) => Object.hasOwn(found, metric))) return undefined;
  // A size or a latency is often measured at the end alone.
  const bounds = constraints.map(({ metric, bound }) => [metric, bound] as const);
  const metrics: Record<string, number> = { ...Object.fromEntries(bounds), ...found };
  for (const { metric, direction } of objectives) {
    if (Number.isNaN(own(metrics, metric))) metrics[metric] = direction === 'minimize' ? Infinity : -Infinity;
  }
  return { ...trial, state: 'complete', metrics };
}
