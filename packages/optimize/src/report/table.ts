/** A report as plain text. */
import { check, listOf } from '@espalier/tensor/arguments';
import type { Cost } from '../cost/cost.ts';
import { showBytes, showCount, showMs, showRatio, showShare } from './format.ts';
import type { Quality } from '../budget/quality.ts';
import type { CompressionReport, ModelReport } from './report.ts';
import { aModelReport, aReport } from './rules.ts';

interface Column {
  readonly title: string | ((model: ModelReport) => string);
  readonly cell: (model: ModelReport) => string;
}

const showQuality = (quality: Quality | undefined): string => {
  if (!quality) return '';
  const { metric, value, interval } = quality;
  const shown = metric === 'r2' ? value.toFixed(4) : showShare(value);
  return interval ? `${shown} (${(interval.low * 100).toFixed(2)}–${(interval.high * 100).toFixed(2)})` : shown;
};

const ofCost = (title: string, cell: (cost: Cost) => string): Column => ({ title, cell: ({ cost }) => cell(cost) });

const columns: readonly Column[] = [
  { title: 'model', cell: ({ name }) => name },
  { title: ({ validation }) => `validation ${validation.metric}`, cell: ({ validation }) => showQuality(validation) },
  { title: ({ validation }) => `test ${validation.metric}`, cell: ({ test }) => showQuality(test) },
  ofCost('parameters', ({ parameters }) => showCount(parameters)),
  ofCost('non-zeros', ({ nonZeros }) => showCount(nonZeros)),
  ofCost('bytes', ({ bytes }) => showBytes(bytes)),
  ofCost('MACs', ({ macs }) => showCount(macs)),
  ofCost('latency', ({ latency }) => (latency ? showMs(latency.medianMs) : '')),
  {
    title: 'of before',
    cell: ({ latencyRatio }) => (latencyRatio ? `${showRatio(latencyRatio)}, ${latencyRatio.verdict}` : ''),
  },
];

/** Models side by side, one a line. Columns that nobody has a value for are left out. */
export function formatModels(models: readonly ModelReport[]): string {
  const [first] = check('formatModels', 'models', models, listOf(aModelReport));
  const shown = columns
    .map(({ title, cell }) => [typeof title === 'string' ? title : first ? title(first) : '', ...models.map(cell)])
    .filter(([, ...cells]) => cells.some((cell) => cell !== ''));
  const widths = shown.map((cells) => Math.max(...cells.map(({ length }) => length)));
  const line = (row: number): string =>
    shown
      .map((cells, column) => (cells[row] ?? '')[column === 0 ? 'padEnd' : 'padStart'](widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [...Array(models.length + 1).keys()].map(line).join('\n');
}

/** A whole report: both models, why it ended, and what did not get better. */
export function formatReport(report: CompressionReport): string {
  const { before, after, reason, notes, records } = check('formatReport', 'report', report, aReport);
  const steps = records.map(({ summary }) => `- ${summary}`);
  return [
    formatModels([before, after]),
    '',
    `Ended because ${reason}.`,
    ...steps,
    ...(notes.length > 0 ? ['', ...notes] : []),
  ].join('\n');
}
