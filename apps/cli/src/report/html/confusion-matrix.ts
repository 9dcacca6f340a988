/** The table of which classes are taken for which. */
import type { RunReport } from '@espalier/pipeline';
import { html, type Markup } from './markup.ts';

/** How dark a cell of mistakes is: on the square root of its count, so that single mistakes show. */
function shade(count: number, most: number): string {
  return count === 0 ? '0' : (0.15 + 0.85 * Math.sqrt(count / most)).toFixed(2);
}

/** Which classes are taken for which: the searched model on the test images. */
export function confusionMatrix({ confusion }: RunReport): Markup {
  const mistakes = confusion.flatMap((row, truth) => row.filter((_, predicted) => predicted !== truth));
  const most = Math.max(1, ...mistakes);
  const heads = confusion.map((_, predicted) => html`<th scope="col">${predicted}</th>`);
  const rows = confusion.map((row, truth) => {
    const cells = row.map((count, predicted) =>
      predicted === truth
        ? html`<td class="right">${count}</td>`
        : html`<td style="--shade: ${shade(count, most)}" title="${count} of class ${truth} taken for ${predicted}">
            ${count === 0 ? '' : count}
          </td>`,
    );
    return html`<tr>
      <th scope="row">${truth}</th>
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
