/** The chart of trials in the order in which they came. */
import { formatPercent } from '../../terminal/format.ts';
import { chart, plot, polyline } from './chart.ts';
import { html, nothing, type Markup } from './markup.ts';
import { linearScale } from './scale.ts';

/** A search, whatever its score. */
interface Search {
  readonly trials: readonly { readonly number: number; readonly operator: string }[];
  readonly best: number;
  readonly strategy: string;
}

/** What trials are compared by. */
interface Shown {
  /** The name that scores stand under. */
  readonly name: string;
  readonly text: (value: number) => string;
  /** Whether less is better. */
  readonly falls?: boolean;
}

const usual: Shown = { name: 'accuracy', text: (value) => formatPercent(value) };

/** Every trial's score on held-out examples, and the best so far. */
export function searchHistory(
  { trials, best, strategy }: Search,
  { name, text, falls = false }: Shown = usual,
): Markup {
  const finished = trials.flatMap((trial) => {
    const score: unknown = Reflect.get(trial, name);
    return typeof score === 'number' ? [{ number: trial.number, operator: trial.operator, score }] : [];
  });
  if (finished.length === 0) return nothing;
  const x = linearScale([0, Math.max(1, ...trials.map(({ number }) => number))], plot.left + 10, plot.right - 10, 6);
  const y = linearScale(
    finished.map(({ score }) => score),
    plot.bottom,
    plot.top,
  );
  let record: number | undefined;
  const steps = finished.flatMap(({ number, score }): [number, number][] => {
    const before = record;
    record = before === undefined ? score : falls ? Math.min(before, score) : Math.max(before, score);
    const at = x.position(number);
    return before === undefined
      ? [[at, y.position(record)]]
      : [
          [at, y.position(before)],
          [at, y.position(record)],
        ];
  });
  const dots = finished.map(({ number, score, operator }) => {
    const [cx, cy] = [x.position(number).toFixed(1), y.position(score).toFixed(1)];
    const classes = number === best ? 'dot best' : 'dot';
    return html`<circle class="${classes}" cx="${cx}" cy="${cy}" r="${number === best ? 7 : 4.5}"
      ><title>trial ${number} (${operator}): ${text(score)}</title></circle
    >`;
  });
  const title = `${name.charAt(0).toUpperCase()}${name.slice(1)} on held-out examples by trial of the ${strategy} search; trial ${best} won`;
  return chart(
    title,
    { scale: x, label: 'trial', format: (tick) => (Number.isInteger(tick) ? String(tick) : '') },
    {
      scale: y,
      label: `held-out ${name}`,
      format: (tick) => (name === usual.name ? formatPercent(tick, 1) : text(tick)),
    },
    html`${polyline(steps, 'line record')}${dots}`,
  );
}
