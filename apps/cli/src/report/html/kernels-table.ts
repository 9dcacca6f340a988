/** The kernels of the compressed models, as the page shows them. */
import type { RunReport } from '@espalier/pipeline';
import { kernelHeadings, kernelRows } from '../kernels.ts';
import { html, nothing, type Markup } from './markup.ts';
import { wideTable } from './wide-table.ts';

/** One row per stored weight, wide as it is; nothing where no weight is stored in a format. */
export function kernelsTable({ rows }: RunReport): Markup {
  const cells = kernelRows(rows);
  if (cells.length === 0) return nothing;
  return wideTable(
    kernelHeadings,
    cells.map(([model = '', ...rest]) => [html`<span class="swatch ${model}"></span>${model}`, ...rest]),
  );
}
