/** What a run of a table came to, on a terminal: each model and baseline with its metrics, their intervals and its bytes. */
import type { Judgement } from '@espalier/pipeline';
import { formatBytes } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';
import type { Output } from '../terminal/terminal.ts';

const right = { align: 'right' } as const;

/** A metric in four digits, with its interval where there is one. */
function cell({ metrics, intervals }: Judgement, name: string): string {
  const brief = (value: number): string => String(Number(value.toPrecision(4)));
  const [value, interval] = [metrics[name], intervals[name]];
  if (value === undefined) return '';
  return interval ? `${brief(value)} (${brief(interval.low)} to ${brief(interval.high)})` : brief(value);
}

/** Models and baselines as a table for a terminal. */
export function judgedTable(judged: readonly Judgement[], stream: Output): string {
  const names = [...new Set(judged.flatMap(({ metrics }) => Object.keys(metrics)))];
  const headings = [
    { heading: 'model' },
    ...names.map((heading) => ({ heading, ...right })),
    { heading: 'weights', ...right },
  ];
  const rows = judged.map((each) => [
    each.name,
    ...names.map((name) => cell(each, name)),
    each.weightBytes === undefined ? '' : formatBytes(each.weightBytes),
  ]);
  return renderTable(headings, rows, stream);
}
