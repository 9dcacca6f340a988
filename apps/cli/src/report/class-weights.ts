/** How much classes counted in training, for people. */
import { visibleLine } from '../terminal/visible.ts';

/** Most classes whose weights are said one by one. */
const mostShown = 8;

/** How much classes counted, in a few words: the heaviest first. */
export function weightsText(weights: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(weights).toSorted(([, a], [, b]) => b - a);
  const shown = sorted
    .slice(0, mostShown)
    .map(([name, weight]) => `${visibleLine(name)} ${Number(weight.toPrecision(4))}`);
  const others = sorted.length > mostShown ? ` and ${sorted.length - mostShown} more` : '';
  return `${shown.join(', ')}${others}`;
}
