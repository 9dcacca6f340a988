/** The table of models. */
import type { RunReport } from '@espalier/pipeline';
import { reportFigures } from '../figures.ts';
import { html, type Markup } from './markup.ts';

/** One row per model; on a narrow page, one card per model. */
export function summaryTable({ rows }: RunReport): Markup {
  const heads = reportFigures.map(([heading]) => html`<th scope="col">${heading}</th>`);
  const body = rows.map((row) => {
    const cells = reportFigures.map(([heading, text]) => html`<td data-heading="${heading}">${text(row)}</td>`);
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
