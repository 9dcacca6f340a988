/** What reports have to be, which may come from JSON. */
import { aNumber, anObject, aText, listOf, ruleOf, type Rule } from '@espalier/tensor/arguments';
import { optional, partsOf } from '../arguments.ts';
import type { Quality } from '../budget/quality.ts';
import type { LatencyRatio } from '../cost/compare-latency.ts';
import type { Cost } from '../cost/cost.ts';
import type { ParameterCost } from '../cost/parameter-cost.ts';
import type { Latency } from '../cost/latency.ts';
import type { PassRecord } from '../recipe/pass.ts';
import type { CompressionReport, ModelReport } from './report.ts';

// JSON has null for numbers that are not finite.
const aFigure: Rule<number | null> = ruleOf(aNumber.is, (value) => value === null || aNumber.holds(value));

const aQuality: Rule<Quality> = partsOf<Quality>('a quality', {
  metric: aText,
  value: aNumber,
  interval: optional(partsOf<NonNullable<Quality['interval']>>('an interval', { low: aNumber, high: aNumber })),
  examples: aNumber,
});

const aLatency: Rule<Latency> = partsOf<Latency>('a latency', { medianMs: aNumber, device: aText });

const aCost: Rule<Cost> = partsOf<Cost>('a cost', {
  parameters: aNumber,
  nonZeros: aNumber,
  macs: aNumber,
  bytes: aNumber,
  memoryBytes: aNumber,
  latency: optional(aLatency),
  perParameter: listOf(partsOf<ParameterCost>('the cost of a parameter', { format: aText })),
});

/** The report of one model. */
export const aModelReport: Rule<ModelReport> = partsOf<ModelReport>('a report of a model, as compress gives', {
  name: aText,
  validation: aQuality,
  test: optional(aQuality),
  cost: aCost,
  latencyRatio: optional(
    partsOf<LatencyRatio>('a ratio', { ratio: aNumber, low: aNumber, high: aFigure, verdict: aText }),
  ),
});

/** What a pass did. */
export const aRecord: Rule<PassRecord> = partsOf<PassRecord>('a record of a pass', {
  config: anObject,
  summary: aText,
});

/** A whole report. */
export const aReport: Rule<CompressionReport> = partsOf<CompressionReport>('a report, as compress gives', {
  reason: aText,
  before: aModelReport,
  after: aModelReport,
  records: listOf(aRecord),
  notes: listOf(aText),
});
