/** Tables that scroll by themselves where the page is narrow. */
import { html, type Markup } from './markup.ts';

/** A table of so many columns; the first cell of each row is its heading. */
export function wideTable(headings: readonly string[], rows: readonly (readonly (string | Markup)[])[]): Markup {
  const heads = headings.map((heading) => html`<th scope="col">${heading}</th>`);
  const body = rows.map(
    ([name = '', ...cells]) =>
      html`<tr>
        <th scope="row">${name}</th>
        ${cells.map((cell) => html`<td>${cell}</td>`)}
      </tr>`,
  );
  return html`<div class="wide">
    <table class="kernels">
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div>`;
}
