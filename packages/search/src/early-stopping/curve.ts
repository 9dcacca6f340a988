/** Learning curves as early stoppings read them: one metric, less being better, whatever its direction. */
import { own } from '../json.ts';
import type { Criteria } from '../study/ranking.ts';
import type { Metrics, Report, TrialRecord } from '../study/trial-record.ts';

/** A metric of learning curves, turned so that less is better. */
export interface CurveMetric {
  readonly metric: string;
  /** Its loss in a report; Infinity for NaN, undefined where it was not reported. */
  readonly loss: (metrics: Metrics) => number | undefined;
}

/** The metric of that name, or of the first objective for null; one that is no objective is to be minimised. */
export function curveMetric(name: string | null, { objectives }: Criteria): CurveMetric {
  const metric = name ?? objectives[0]?.metric ?? '';
  const sign = objectives.find((objective) => objective.metric === metric)?.direction === 'maximize' ? -1 : 1;
  return {
    metric,
    loss: (metrics) => {
      const value = own(metrics, metric);
      return value === undefined ? undefined : Number.isNaN(value) ? Infinity : sign * value;
    },
  };
}

/** A curve's losses, in the order of its steps. */
export function lossesOf(reports: readonly Report[], { loss }: CurveMetric): readonly { step: number; loss: number }[] {
  return reports.flatMap(({ step, metrics }) => {
    const value = loss(metrics);
    return value === undefined ? [] : { step, loss: value };
  });
}

/** A curve's loss at a step: the last reported up to it. */
export function lossAt({ reports }: TrialRecord, step: number, { loss }: CurveMetric): number | undefined {
  for (let index = reports.length - 1; index >= 0; index -= 1) {
    const report = reports[index];
    if (report === undefined || report.step > step) continue;
    const value = loss(report.metrics);
    if (value !== undefined) return value;
  }
  return undefined;
}
