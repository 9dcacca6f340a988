/** Predicted numbers against true ones: a model that is right has all dots on the line. */
import type { Points } from '@espalier/pipeline';
import { chart, plot, polyline } from './chart.ts';
import { html, type Markup } from './markup.ts';
import { linearScale } from './scale.ts';

const brief = (value: number): string => String(Number(value.toPrecision(4)));

/** A dot for each example. */
export function scatter({ name, actual, predicted }: Points): Markup {
  const all = [...actual, ...predicted];
  const [x, y] = [linearScale(all, plot.left, plot.right), linearScale(all, plot.bottom, plot.top)];
  const ends = [x.ticks[0] ?? 0, x.ticks.at(-1) ?? 0];
  const dots = actual.map((value, index) => {
    const said = predicted[index] ?? NaN;
    return html`<circle class="dot" cx="${x.position(value).toFixed(1)}" cy="${y.position(said).toFixed(1)}" r="3"
      ><title>${brief(value)}, predicted ${brief(said)}</title></circle
    >`;
  });
  const line = polyline(
    ends.map((end) => [x.position(end), y.position(end)] as const),
    'grid',
  );
  return chart(
    `Predicted against true ${name}, ${actual.length} examples`,
    { scale: x, label: `true ${name}`, format: brief },
    { scale: y, label: `predicted ${name}`, format: brief },
    html`${line}${dots}`,
  );
}
