/** Which figures are said of a model, in one list for terminal and page. */
import type { ClassMetrics, ModelCost, ModelFigures, ReportRow } from '@espalier/pipeline';
import {
  formatBytes,
  formatCount,
  formatLatencyRatio,
  formatMacs,
  formatMilliseconds,
  formatPercent,
} from '../terminal/format.ts';

/** A heading, and the text of what stands below it. */
type Figure<Of> = readonly [heading: string, text: (of: Of) => string];

/** How good a model is that tells classes apart. */
export const classFigures: readonly Figure<ClassMetrics>[] = [
  ['test accuracy', ({ accuracy }) => formatPercent(accuracy)],
  ['macro-F1', ({ macroF1 }) => macroF1.toFixed(4)],
];

/** What a model costs. */
export const costFigures: readonly Figure<ModelCost & { readonly latencyMs: number }>[] = [
  ['parameters', ({ parameters }) => formatCount(parameters)],
  ['non-zeros', ({ nonZeros }) => formatCount(nonZeros)],
  ['on disk', ({ bytes }) => formatBytes(bytes)],
  ['MACs', ({ macs }) => formatMacs(macs)],
  ['latency', ({ latencyMs }) => formatMilliseconds(latencyMs)],
];

/** What is said of a model wherever models are compared. */
export const figures: readonly Figure<ModelFigures & { readonly latencyMs: number }>[] = [
  ...classFigures,
  ...costFigures,
];

/** What a report says of each of its models, on a terminal and on a page. */
export const reportFigures: readonly Figure<ReportRow>[] = [
  ...figures,
  ['of searched', ({ latencyRatio }) => (latencyRatio ? formatLatencyRatio(latencyRatio) : '')],
];
