/** The kernels of the compressed models, as the page shows them. */
import type { RunReport } from '@espalier/pipeline';
import { kernelHeadings, kernelRows } from '../kernels.ts';
import { html, nothing, type Markup } from './markup.ts';

/** One row per stored weight, wide as it is; nothing where no weight is stored in a format. */
export function kernelsTable({ rows }: RunReport): Markup {
  const cells = kernelRows(rows);
  if (cells.length === 0) return nothing;
  const body = cells.map(
    ([model = '', ...rest]) =>
      html`<tr>
        <th scope="row"><span class="swatch ${model}"></span>${model}</th>
        ${rest.map((text) => html`<td>${text}</td>`)}
      </tr>`,
  );
  return html`<div class="wide">
    <table class="kernels">
      <thead>
        <tr>
          ${kernelHeadings.map((heading) => html`<th scope="col">${heading}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div>`;
}
