/** The table of which classes are taken for which. */
import type { RunReport } from '@espalier/pipeline';
import { html, type Markup } from './markup.ts';

/** How dark a cell of mistakes is: on the square root of its count, so that single mistakes show. */
function shade(count: number, most: number): string {
  return count === 0 ? '0' : (0.15 + 0.85 * Math.sqrt(count / most)).toFixed(2);
}

/** Which classes are taken for which: the first model on the test examples. */
export function confusionMatrix({
  confusion,
  classes = [],
}: Pick<RunReport, 'confusion'> & { readonly classes?: readonly string[] }): Markup {
  const nameOf = (index: number): string => classes[index] ?? String(index);
  const mistakes = confusion.flatMap((row, truth) => row.filter((_, predicted) => predicted !== truth));
  const most = Math.max(1, ...mistakes);
  const heads = confusion.map((_, predicted) => html`<th scope="col">${nameOf(predicted)}</th>`);
  const rows = confusion.map((row, truth) => {
    const cells = row.map((count, predicted) =>
      predicted === truth
        ? html`<td class="right">${count}</td>`
        : html`<td
            style="--shade: ${shade(count, most)}"
            title="${count} of class ${nameOf(truth)} taken for ${nameOf(predicted)}"
          >
            ${count === 0 ? '' : count}
          </td>`,
    );
    return html`<tr>
      <th scope="row">${nameOf(truth)}</th>
      ${cells}
    </tr>`;
  });
  return html`<div class="wide">
    <table class="confusion">
      <thead>
        <tr>
          <th title="rows: true class; columns: predicted class">true ╲ predicted</th>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}
