import type { Metrics, Report, TrialRecord } from '@espalier/search';

/** A complete trial with these metrics, and otherwise nothing to tell. */
export function completeTrial(number: number, metrics: Metrics = {}): TrialRecord {
  return {
    number,
    state: 'complete',
    config: {},
    origin: { operator: 'sample' },
    attempt: 1,
    losses: 0,
    spent: 0,
    keptStep: -1,
    revision: number,
    metrics,
    reports: [],
  };
}

/** What was told at each step, whenever that was. */
export function curveOf(trial: TrialRecord | undefined): readonly Pick<Report, 'step' | 'metrics'>[] {
  return (trial?.reports ?? []).map(({ step, metrics }) => ({ step, metrics }));
}
