/** Charts as SVG: axes, ticks and lines, without a library. */
import { html, type Markup } from './markup.ts';
import type { Scale } from './scale.ts';

/** Width and height of every chart, in units that scale with the page. */
export const size = { width: 460, height: 300 } as const;

/** Where the data of a chart is drawn. */
export const plot = { left: 74, right: 430, top: 12, bottom: 244 } as const;

/** An axis: its scale, its name, and how its ticks are written. */
export interface Axis {
  readonly scale: Scale;
  readonly label: string;
  readonly format: (tick: number) => string;
}

function horizontalAxis({ scale, label, format }: Axis): Markup {
  const ticks = scale.ticks.map((tick) => {
    const x = scale.position(tick).toFixed(1);
    return html`<line class="grid" x1="${x}" x2="${x}" y1="${plot.top}" y2="${plot.bottom}" /><text
        class="tick"
        text-anchor="middle"
        x="${x}"
        y="${plot.bottom + 18}"
        >${format(tick)}</text
      >`;
  });
  return html`${ticks}<text
      class="axis"
      text-anchor="middle"
      x="${(plot.left + plot.right) / 2}"
      y="${size.height - 14}"
      >${label}</text
    >`;
}

function verticalAxis({ scale, label, format }: Axis): Markup {
  const ticks = scale.ticks.map((tick) => {
    const y = scale.position(tick).toFixed(1);
    return html`<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${y}" y2="${y}" /><text
        class="tick"
        text-anchor="end"
        x="${plot.left - 8}"
        y="${Number(y) + 4}"
        >${format(tick)}</text
      >`;
  });
  const middle = (plot.top + plot.bottom) / 2;
  return html`${ticks}<text class="axis" text-anchor="middle" transform="rotate(-90 14 ${middle})" x="14" y="${middle}"
      >${label}</text
    >`;
}

/** A chart with two axes around its data; `title` is what a screen reader says. */
export function chart(title: string, horizontal: Axis, vertical: Axis, data: Markup): Markup {
  return html`<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${title}">
    ${horizontalAxis(horizontal)}${verticalAxis(vertical)}${data}
  </svg>`;
}

/** A line through points. */
export function polyline(points: readonly (readonly [number, number])[], classes: string): Markup {
  const path = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  return html`<polyline class="${classes}" points="${path}" />`;
}
