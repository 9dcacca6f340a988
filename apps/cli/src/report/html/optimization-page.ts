/** The report of `espalier optimize` as one page that can be mailed. */
import type { OptimizationReport } from '@espalier/optimize';
import {
  ending,
  formatMetric,
  goalCells,
  goalHeadings,
  layerCells,
  layerHeadings,
  modelCells,
} from '../optimization-text.ts';
import { chart, plot } from './chart.ts';
import { section } from './facts.ts';
import { page } from './frame.ts';
import { html, nothing, type Markup } from './markup.ts';
import { linearScale, logScale } from './scale.ts';
import { wideTable } from './wide-table.ts';

function list(sentences: readonly string[]): Markup {
  return html`<ul>
    ${sentences.map((sentence) => html`<li>${sentence}</li>`)}
  </ul>`;
}

/** A part of the page over its whole width. */
const full = (heading: string, text: string, content: Markup): Markup => section(heading, text, content, true);

/** Quality against cost: what was tried, the front with its intervals, and the model that was taken. */
function front({ front: points, trials, axes: { cost, quality }, minimize }: OptimizationReport): Markup {
  const tried = trials.flatMap(({ quality: found, cost: own, costs }) => {
    const of = (minimize ? own : costs?.bytes) ?? 0;
    return found && Number.isFinite(found.value) && of > 0 ? [{ x: of, y: found.value }] : [];
  });
  if (points.length === 0 || tried.length === 0) return nothing;
  const isRatio = cost === 'latency';
  const ends = points.flatMap(({ low, high, quality: value }) => [low ?? value, high ?? value]);
  const xs = logScale([...tried.map(({ x }) => x), ...(isRatio ? [1] : [])], plot.left, plot.right);
  const ys = linearScale([...ends, ...points.map((point) => point.quality)], plot.bottom, plot.top);
  const inside = (y: number): boolean => ys.position(y) >= plot.top && ys.position(y) <= plot.bottom;
  const dots = tried
    .filter(({ y }) => inside(y))
    .map(
      ({ x, y }) =>
        html`<circle
          class="dot"
          opacity="0.35"
          cx="${xs.position(x).toFixed(1)}"
          cy="${ys.position(y).toFixed(1)}"
          r="4"
        />`,
    );
  const bars = points.map(({ cost: x, quality: y, low, high, family, claim }) => {
    const at = xs.position(x).toFixed(1);
    const text = `${family}: ${formatMetric(quality, y)} at ${isRatio ? x.toFixed(2) : formatMetric(cost, x)}, ${claim}`;
    return html`<line
        class="line"
        x1="${at}"
        x2="${at}"
        y1="${ys.position(low ?? y).toFixed(1)}"
        y2="${ys.position(high ?? y).toFixed(1)}"
      /><circle class="dot${claim === 'holds' ? ' best' : ''}" cx="${at}" cy="${ys.position(y).toFixed(1)}" r="6"
        ><title>${text}</title></circle
      >`;
  });
  return chart(
    `${quality} against ${cost} of what was tried`,
    {
      scale: xs,
      label: isRatio ? 'time, as a part of before' : cost,
      format: (tick) => (isRatio ? String(tick) : formatMetric(cost, tick)),
    },
    { scale: ys, label: quality, format: (tick) => formatMetric(quality, tick) },
    html`${dots}${bars}`,
  );
}

/** The report of a search as one page that needs nothing beside itself. */
export function optimizationPage(report: OptimizationReport): string {
  const { trials, records, recipe, unhelpful, notes } = report;
  const tried = trials.map(({ number, family, cost, failure, quality, seconds }) => [
    String(number),
    family,
    failure ? `${failure.kind}: ${failure.message}` : quality ? formatMetric(quality.metric, quality.value) : '',
    cost === null ? '' : String(Number(cost.toPrecision(5))),
    `${seconds.toFixed(1)} s`,
  ]);
  return page(
    'optimize',
    html`${ending(report)}`,
    html`
      ${full('The goals', 'Judged by examples that the search did not see, in pairs with the model as given; costs are exact.', wideTable(goalHeadings, report.goals.map(goalCells)))}
      ${full('Before and after', 'Latency is measured in turns; the ratio has the interval that holds it at a confidence of 99.9 %.', wideTable(['', 'before', 'after'], modelCells(report)))}
      ${full('The weights', 'Error is the square of how far the numbers moved, as a part of the square of what they were.', wideTable(layerHeadings, report.layers.map(layerCells)))}
      ${full('The front', 'By the examples that guide the search, with intervals; pale dots were tried and are not on it.', front(report))}
      ${full(
        'What was done',
        'The recipe that gives the model again without searching.',
        html`${list(records.map(({ summary }) => summary))}
          <pre>${JSON.stringify(recipe, undefined, 2)}</pre>`,
      )}
      ${full('What did not help', '', list([...unhelpful, ...notes]))}
      ${full('What was tried', '', wideTable(['recipe', 'kind', 'quality', 'cost', 'time'], tried))}
    `,
  );
}
