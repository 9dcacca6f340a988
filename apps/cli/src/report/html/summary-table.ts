/** The table of models. */
import type { RunReport } from '@espalier/pipeline';
import { reportFigures } from '../figures.ts';
import { html, type Markup } from './markup.ts';

/** One row per model, of its name and a cell for each heading; on a narrow page, one card per model. */
export function summary(
  headings: readonly string[],
  rows: readonly (readonly [name: Markup, cells: readonly string[]])[],
): Markup {
  const heads = headings.map((heading) => html`<th scope="col">${heading}</th>`);
  const body = rows.map(([name, texts]) => {
    const cells = headings.map((heading, at) => html`<td data-heading="${heading}">${texts[at] ?? ''}</td>`);
    return html`<tr>
      <th scope="row">${name}</th>
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

/** The models of a run by all that a report says of them. */
export function summaryTable({ rows }: RunReport): Markup {
  return summary(
    reportFigures.map(([heading]) => heading),
    rows.map((row) => [
      html`<span class="swatch ${row.name}"></span>${row.name}`,
      reportFigures.map(([, text]) => text(row)),
    ]),
  );
}
