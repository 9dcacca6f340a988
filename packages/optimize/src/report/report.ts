/** The data of a report. */
import type { Json } from '@espalier/nn';
import type { BudgetStop, BudgetTrial } from '../budget/budget-loop.ts';
import type { Goal } from '../budget/goal.ts';
import type { LatencyRatio } from '../cost/compare-latency.ts';
import type { Cost } from '../cost/cost.ts';
import type { ProportionInterval } from '../cost/interval.ts';
import type { StepJson } from '../recipe/parse.ts';
import type { PassRecord } from '../recipe/pass.ts';

/** How good a model is on one split. */
export interface Quality {
  readonly metric: string;
  readonly value: number;
  /** The interval that holds the true value in 95 of 100 cases; for accuracy. */
  readonly interval?: ProportionInterval;
  readonly examples: number;
}

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
  return JSON.parse(JSON.stringify(report)) as Json;
}
