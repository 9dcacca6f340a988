/** The chart of accuracy against size, with labels that cover nothing. */
import type { ReportRow, RunReport } from '@espalier/pipeline';
import { formatBytes, formatPercent } from '../../terminal/format.ts';
import { chart, plot, size } from './chart.ts';
import { html, nothing, type Markup } from './markup.ts';
import { linearScale, logScale } from './scale.ts';

const letterWidth = 7.5;
const lineHeight = 15;

interface Dot {
  readonly row: ReportRow;
  readonly x: number;
  readonly y: number;
}

/** Where a label may stand beside its dot, the best place first. */
const places = [
  { anchor: 'start', dx: 12, dy: 5, from: 0 },
  { anchor: 'end', dx: -12, dy: 5, from: -1 },
  { anchor: 'middle', dx: 0, dy: 22, from: -0.5 },
  { anchor: 'middle', dx: 0, dy: -12, from: -0.5 },
  { anchor: 'start', dx: 12, dy: 20, from: 0 },
] as const;

interface Box {
  readonly left: number;
  readonly right: number;
  readonly y: number;
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && Math.abs(a.y - b.y) < lineHeight;
}

/** Gives each label the first place where it covers no dot, no other label, and stays inside. */
function placeLabels(dots: readonly Dot[]): readonly Markup[] {
  const taken: Box[] = dots.map(({ x, y }) => ({ left: x - 8, right: x + 8, y: y + 5 }));
  return dots.map(({ row: { name }, x, y }, index) => {
    const width = name.length * letterWidth;
    const options = places.map((place) => {
      const left = x + place.dx + place.from * width;
      return { place, box: { left, right: left + width, y: y + place.dy } };
    });
    const isFree = ({ box }: (typeof options)[number]): boolean =>
      box.right < size.width &&
      box.left > plot.left &&
      box.y < plot.bottom &&
      taken.every((other, number) => number === index || !overlap(box, other));
    const chosen = options.find(isFree) ?? options[0];
    if (chosen === undefined) return nothing;
    const { place, box } = chosen;
    taken.push(box);
    return html`<text
      class="label"
      text-anchor="${place.anchor}"
      x="${(x + place.dx).toFixed(1)}"
      y="${box.y.toFixed(1)}"
      >${name}</text
    >`;
  });
}

/** What each model costs on disk against how good it is: up and to the left is better. */
export function accuracyAgainstBytes({ rows }: RunReport): Markup {
  const bytes = logScale(
    rows.map((row) => row.bytes),
    plot.left,
    plot.right,
  );
  const accuracy = linearScale(
    rows.map((row) => row.accuracy),
    plot.bottom,
    plot.top,
  );
  const dots = rows.map((row) => ({ row, x: bytes.position(row.bytes), y: accuracy.position(row.accuracy) }));
  const circles = dots.map(
    ({ row, x, y }) =>
      html`<circle class="dot ${row.name}" cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="7"
        ><title>${row.name}: ${formatPercent(row.accuracy)}, ${formatBytes(row.bytes)}</title></circle
      >`,
  );
  return chart(
    'Test accuracy of each model against its bytes on disk',
    { scale: bytes, label: 'bytes on disk', format: formatBytes },
    { scale: accuracy, label: 'test accuracy', format: (tick) => formatPercent(tick, 1) },
    html`${circles}${placeLabels(dots)}`,
  );
}
