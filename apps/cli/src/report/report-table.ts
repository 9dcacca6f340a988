import { formatBytes, formatCount, formatMacs, formatMilliseconds, formatPercent } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';
import type { Column } from '../terminal/table.ts';
import type { Output } from '../terminal/terminal.ts';
import type { ReportRow } from './report-data.ts';

const columns: readonly (Column & { readonly text: (row: ReportRow) => string })[] = [
  { heading: 'model', text: ({ name }) => name },
  { heading: 'test accuracy', align: 'right', text: ({ accuracy }) => formatPercent(accuracy) },
  { heading: 'macro-F1', align: 'right', text: ({ macroF1 }) => macroF1.toFixed(4) },
  { heading: 'parameters', align: 'right', text: ({ parameters }) => formatCount(parameters) },
  { heading: 'non-zeros', align: 'right', text: ({ nonZeros }) => formatCount(nonZeros) },
  { heading: 'on disk', align: 'right', text: ({ bytes }) => formatBytes(bytes) },
  { heading: 'MACs', align: 'right', text: ({ macs }) => formatMacs(macs) },
  { heading: 'latency', align: 'right', text: ({ latencyMs }) => formatMilliseconds(latencyMs) },
];

/** The models of a run as a table for a terminal. */
export function reportTable(rows: readonly ReportRow[], stream: Output): string {
  const cells = rows.map((row) => columns.map(({ text }) => text(row)));
  return renderTable(columns, cells, stream);
}
