import { formatBytes, formatPercent } from '../../terminal/format.ts';
import type { RunReport } from '../report-data.ts';
import { chart, plot } from './chart.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { linearScale, logScale } from './scale.ts';

const letterWidth = 7.5;

/** What each model costs on disk against how good it is: up and to the left is better. */
export function accuracyAgainstBytes({ rows }: RunReport): Markup {
  const x = logScale(
    rows.map(({ bytes }) => bytes),
    plot.left,
    plot.right,
  );
  const y = linearScale(
    rows.map(({ accuracy }) => accuracy),
    plot.bottom,
    plot.top,
  );
  const points = rows.map(({ name, bytes, accuracy }) => {
    const [cx, cy] = [x.position(bytes), y.position(accuracy)];
    const fits = cx + 12 + name.length * letterWidth < plot.right;
    return html`<circle class="dot ${name}" cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="7"
        ><title>${name}: ${formatPercent(accuracy)}, ${formatBytes(bytes)}</title></circle
      ><text
        class="label"
        text-anchor="${fits ? 'start' : 'end'}"
        x="${(fits ? cx + 12 : cx - 12).toFixed(1)}"
        y="${(cy + 5).toFixed(1)}"
        >${name}</text
      >`;
  });
  return chart(
    'Test accuracy of each model against its bytes on disk',
    { scale: x, label: 'bytes on disk', format: formatBytes },
    { scale: y, label: 'test accuracy', format: (tick) => formatPercent(tick, 1) },
    html`${points}`,
  );
}
