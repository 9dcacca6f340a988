/** The data of a report. */
import type { Json } from '@espalier/nn';
import { ArgumentError } from '@espalier/tensor';
import { check, listOf } from '@espalier/tensor/arguments';
import type { BudgetStop, BudgetTrial } from '../budget/budget-loop.ts';
import type { Goal } from '../budget/goal.ts';
import type { Quality } from '../budget/quality.ts';
import type { LatencyRatio } from '../cost/compare-latency.ts';
import type { Cost } from '../cost/cost.ts';
import type { StepJson } from '../recipe/parse.ts';
import type { PassRecord } from '../recipe/pass.ts';
import { aRecord, aReport } from './rules.ts';

/** One model of a report. */
export interface ModelReport {
  readonly name: string;
  readonly validation: Quality;
  /** Measured once, at the end. */
  readonly test?: Quality;
  readonly cost: Cost;
  /** The latency against that of the model before, measured in turns; only for what came of it. */
  readonly latencyRatio?: LatencyRatio;
}

/** All that a compression has to tell, as JSON. */
export interface CompressionReport {
  readonly goal: Goal;
  readonly recipe: readonly StepJson[];
  readonly seed: number;
  /** Why it ended. `single`: the recipe has no knob, so it was carried out once. */
  readonly stop: BudgetStop | 'single';
  readonly reason: string;
  readonly before: ModelReport;
  readonly after: ModelReport;
  /** What each pass did to the model that was taken. */
  readonly records: readonly PassRecord[];
  readonly trials: readonly BudgetTrial[];
  readonly front: readonly BudgetTrial[];
  /** Plain sentences on what did not get better. */
  readonly notes: readonly string[];
}

/** A report as JSON, for optimization.json. */
export function reportJson(report: CompressionReport): Json {
  return asJson(check('reportJson', 'report', report, aReport));
}

/** What single passes did, as JSON, for optimization.json. */
export function recordsJson(records: readonly PassRecord[]): readonly Json[] {
  return check('recordsJson', 'records', records, listOf(aRecord)).map(asJson);
}

function asJson(value: CompressionReport | PassRecord): Json {
  try {
    return JSON.parse(JSON.stringify(value)) as Json;
  } catch (error) {
    throw new ArgumentError('reportJson', `the report holds what JSON has not: ${(error as Error).message}`);
  }
}
