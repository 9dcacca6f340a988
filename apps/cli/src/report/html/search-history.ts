/** The chart of trials in the order in which they came. */
import type { ReportTrial, RunReport } from '@espalier/pipeline';
import { formatPercent } from '../../terminal/format.ts';
import { chart, plot, polyline } from './chart.ts';
import { html, nothing, type Markup } from './markup.ts';
import { linearScale } from './scale.ts';

interface Finished extends ReportTrial {
  readonly accuracy: number;
}

/** Every trial's accuracy on held-out images, and the best so far. */
export function searchHistory({ search: { trials, best, strategy } }: RunReport): Markup {
  const finished = trials.filter((trial): trial is Finished => trial.accuracy !== null);
  if (finished.length === 0) return nothing;
  const x = linearScale([0, Math.max(1, ...trials.map(({ number }) => number))], plot.left + 10, plot.right - 10, 6);
  const y = linearScale(
    finished.map(({ accuracy }) => accuracy),
    plot.bottom,
    plot.top,
  );
  let record = -Infinity;
  const steps = finished.flatMap(({ number, accuracy }): [number, number][] => {
    const before = record;
    record = Math.max(record, accuracy);
    const at = x.position(number);
    return before === -Infinity
      ? [[at, y.position(record)]]
      : [
          [at, y.position(before)],
          [at, y.position(record)],
        ];
  });
  const dots = finished.map(({ number, accuracy, operator }) => {
    const [cx, cy] = [x.position(number).toFixed(1), y.position(accuracy).toFixed(1)];
    const classes = number === best ? 'dot best' : 'dot';
    return html`<circle class="${classes}" cx="${cx}" cy="${cy}" r="${number === best ? 7 : 4.5}"
      ><title>trial ${number} (${operator}): ${formatPercent(accuracy)}</title></circle
    >`;
  });
  const title = `Accuracy on held-out images by trial of the ${strategy} search; trial ${best} won`;
  return chart(
    title,
    { scale: x, label: 'trial', format: (tick) => (Number.isInteger(tick) ? String(tick) : '') },
    { scale: y, label: 'held-out accuracy', format: (tick) => formatPercent(tick, 1) },
    html`${polyline(steps, 'line record')}${dots}`,
  );
}
