/** The chart of training losses. */
import type { CurvePoint, Report } from '@espalier/pipeline';
import { chart, plot, polyline } from './chart.ts';
import { html, nothing, type Markup } from './markup.ts';
import { linearScale, logScale } from './scale.ts';

/** The training loss of every model that was trained. */
export function learningCurves({ curves }: Pick<Report, 'curves'>): Markup {
  const named = Object.entries(curves).flatMap(([name, curve]): (readonly [string, readonly CurvePoint[]])[] => {
    const points = curve.filter(({ loss }) => loss > 0 && Number.isFinite(loss));
    return points.length > 0 ? [[name, points]] : [];
  });
  const all = named.flatMap(([, points]) => points);
  if (all.length === 0) return nothing;
  const x = linearScale([0, ...all.map(({ epoch }) => epoch)], plot.left, plot.right, 6);
  const y = logScale(
    all.map(({ loss }) => loss),
    plot.bottom,
    plot.top,
  );
  const lines = named.map(([name, points]) =>
    polyline(
      points.map(({ epoch, loss }) => [x.position(epoch), y.position(loss)]),
      `line ${name}`,
    ),
  );
  const keys = named.map(([name]) => html`<li class="${name}">${name}</li>`);
  return html`${chart(
      'Training loss by epoch, for each model that was trained',
      { scale: x, label: 'epoch', format: String },
      { scale: y, label: 'training loss', format: (tick) => String(Number(tick.toPrecision(2))) },
      html`${lines}`,
    )}
    <ul class="legend">
      ${keys}
    </ul>`;
}
