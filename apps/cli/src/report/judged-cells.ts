/** What models and baselines came to, in words: each with its metrics, their intervals and its bytes. */
import type { Judgement } from '@espalier/pipeline';
import { formatBytes } from '../terminal/format.ts';

/** A table in words; the first cell of a row is its name, which no heading is of. */
export interface JudgedCells {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly [name: string, ...cells: string[]])[];
}

/** A number in four digits. */
export const brief = (value: number): string => String(Number(value.toPrecision(4)));

/** A metric with its interval where there is one. */
export function judgedFigure({ metrics, intervals }: Pick<Judgement, 'metrics' | 'intervals'>, name: string): string {
  const [value, interval] = [metrics[name], intervals[name]];
  if (value === undefined) return '';
  return interval ? `${brief(value)} (${brief(interval.low)} to ${brief(interval.high)})` : brief(value);
}

/** Each model and baseline, by all metrics that any of them has. */
export function judgedCells(judged: readonly Judgement[]): JudgedCells {
  const names = [...new Set(judged.flatMap(({ metrics }) => Object.keys(metrics)))];
  return {
    headings: [...names, 'weights'],
    rows: judged.map((each) => [
      each.name,
      ...names.map((name) => judgedFigure(each, name)),
      each.weightBytes === undefined ? '' : formatBytes(each.weightBytes),
    ]),
  };
}
