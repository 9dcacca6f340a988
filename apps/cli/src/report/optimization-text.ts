/** The report of `espalier optimize` for a terminal. */
import type { GoalVerdict, WeightReport, OptimizationReport } from '@espalier/optimize';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatLatencyRatio,
  formatMilliseconds,
  formatPercent,
} from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';
import type { Output } from '../terminal/terminal.ts';

const shares = ['accuracy', 'agreement', 'macro-f1'];

/** A value of a metric for people. */
export function formatMetric(metric: string, value: number | null): string {
  if (value === null) return '?';
  if (shares.includes(metric)) return formatPercent(value);
  if (metric === 'bytes' || metric === 'memory') return formatBytes(value);
  if (metric === 'latency') return formatMilliseconds(value);
  if (['macs', 'parameters', 'non-zeros'].includes(metric)) return formatCount(value);
  return String(Number(value.toPrecision(5)));
}

/** A goal as a row: what came of it, with its interval. */
export function goalCells({
  goal,
  metric,
  verdict,
  value,
  low,
  high,
  bound,
  examples,
}: GoalVerdict): readonly string[] {
  const isExact = low === high;
  const interval = isExact ? '' : `${formatMetric(metric, low)} – ${formatMetric(metric, high)}`;
  return [
    goal,
    verdict,
    formatMetric(metric, value),
    interval,
    formatMetric(metric, bound),
    examples === undefined ? '' : formatCount(examples),
  ];
}

/** The headings of these. */
export const goalHeadings = ['goal', 'verdict', 'value', 'interval', 'bound', 'measured on'] as const;

/** A weight as a row. */
export function layerCells({
  name,
  shape,
  sparsity,
  bits,
  format,
  layout,
  bytes,
  before,
  error,
  microseconds,
}: WeightReport): readonly string[] {
  return [
    name,
    shape.join(' × '),
    formatPercent(sparsity, 1),
    bits.toFixed(2),
    layout === format ? format : `${format}, ${layout}`,
    `${formatBytes(before.bytes)} → ${formatBytes(bytes)}`,
    error === undefined ? '' : error.toPrecision(2),
    microseconds ? `${microseconds.dense.toPrecision(2)} → ${microseconds.own.toPrecision(2)}` : '',
  ];
}

/** The headings of these. */
export const layerHeadings = ['weight', 'shape', 'zeros', 'bits', 'stored as', 'bytes', 'error', 'µs'] as const;

/** What both models are, side by side. */
export function modelCells({ before, after }: OptimizationReport): readonly (readonly string[])[] {
  const { metric } = before.validation;
  const ofCost = (name: string, text: (cost: typeof before.cost) => string): readonly string[] => [
    name,
    text(before.cost),
    text(after.cost),
  ];
  return [
    [
      `${metric}, validation`,
      formatMetric(metric, before.validation.value),
      formatMetric(metric, after.validation.value),
    ],
    ...(before.test && after.test
      ? [[`${metric}, test`, formatMetric(metric, before.test.value), formatMetric(metric, after.test.value)]]
      : []),
    ofCost('bytes', ({ bytes }) => formatBytes(bytes)),
    ofCost('parameters', ({ parameters }) => formatCount(parameters)),
    ofCost('not zero', ({ nonZeros }) => formatCount(nonZeros)),
    ofCost('MACs', ({ macs }) => formatCount(macs)),
    ofCost('latency', ({ latency }) => (latency ? formatMilliseconds(latency.medianMs) : '')),
    ['of before', '', after.latencyRatio ? formatLatencyRatio(after.latencyRatio) : ''],
  ];
}

/** How the search ended, as a sentence. */
export function ending({ claim, reason, seconds, before, after }: OptimizationReport): string {
  const times = (before.cost.bytes / after.cost.bytes).toFixed(1);
  const claims = {
    holds: `All goals hold, with ${times} times fewer bytes`,
    unsure: 'The goals are not sure to hold',
    fails: 'The goals are not kept',
  } as const;
  return `${claims[claim]}; it ended after ${formatDuration(seconds)} because ${reason}.`;
}

/** The whole report. */
export function optimizationText(report: OptimizationReport, stream: Output): string {
  const table = (headings: readonly string[], cells: readonly (readonly string[])[]): string =>
    renderTable(
      headings.map((heading, index) => ({ heading, ...(index > 0 && { align: 'right' as const }) })),
      cells,
      stream,
    );
  const sentences = [...report.unhelpful, ...report.notes];
  return [
    ending(report),
    table(goalHeadings, report.goals.map(goalCells)),
    table(['', 'before', 'after'], modelCells(report)),
    table(layerHeadings, report.layers.map(layerCells)),
    ...(sentences.length > 0 ? [sentences.map((sentence) => `- ${sentence}`).join('\n')] : []),
    'recipe.json in the folder gives the model again without searching, by --recipe and --exact, with the same seed and images.',
  ].join('\n\n');
}
