import {
  formatBytes,
  formatCount,
  formatLatencyRatio,
  formatMacs,
  formatMilliseconds,
  formatPercent,
} from '../terminal/format.ts';
import type { ReportRow } from './report-data.ts';

/** What a report says of each model, on a terminal and on a page: a heading, and a row's text. */
export const figures: readonly (readonly [heading: string, text: (row: ReportRow) => string])[] = [
  ['test accuracy', ({ accuracy }) => formatPercent(accuracy)],
  ['macro-F1', ({ macroF1 }) => macroF1.toFixed(4)],
  ['parameters', ({ parameters }) => formatCount(parameters)],
  ['non-zeros', ({ nonZeros }) => formatCount(nonZeros)],
  ['on disk', ({ bytes }) => formatBytes(bytes)],
  ['MACs', ({ macs }) => formatMacs(macs)],
  ['latency', ({ latencyMs }) => formatMilliseconds(latencyMs)],
  ['of searched', ({ latencyRatio }) => (latencyRatio ? formatLatencyRatio(latencyRatio) : '')],
];
