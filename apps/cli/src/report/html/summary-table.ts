import { formatBytes, formatCount, formatMacs, formatMilliseconds, formatPercent } from '../../terminal/format.ts';
import type { ReportRow, RunReport } from '../report-data.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';

/** The columns of the summary: a heading, and a row's text. */
const columns: readonly (readonly [string, (row: ReportRow) => string])[] = [
  ['test accuracy', ({ accuracy }) => formatPercent(accuracy)],
  ['macro-F1', ({ macroF1 }) => macroF1.toFixed(4)],
  ['parameters', ({ parameters }) => formatCount(parameters)],
  ['non-zeros', ({ nonZeros }) => formatCount(nonZeros)],
  ['on disk', ({ bytes }) => formatBytes(bytes)],
  ['MACs', ({ macs }) => formatMacs(macs)],
  ['latency', ({ latencyMs }) => formatMilliseconds(latencyMs)],
];

/** One row per model; on a narrow page, one card per model. */
export function summaryTable({ rows }: RunReport): Markup {
  const heads = columns.map(([heading]) => html`<th scope="col">${heading}</th>`);
  const body = rows.map((row) => {
    const cells = columns.map(([heading, text]) => html`<td data-heading="${heading}">${text(row)}</td>`);
    return html`<tr>
      <th scope="row"><span class="swatch ${row.name}"></span>${row.name}</th>
      ${cells}
    </tr>`;
  });
  return html`<table class="summary">
    <thead>
      <tr>
        <th scope="col">model</th>
        ${heads}
      </tr>
    </thead>
    <tbody>
      ${body}
    </tbody>
  </table>`;
}
