/** What a run came to, on a terminal: each model and baseline with its metrics, their intervals and its bytes. */
import type { Judgement } from '@espalier/pipeline';
import { renderTable } from '../terminal/table.ts';
import type { Output } from '../terminal/terminal.ts';
import { judgedCells } from './judged-cells.ts';

/** Models and baselines as a table for a terminal. */
export function judgedTable(judged: readonly Judgement[], stream: Output): string {
  const { headings, rows } = judgedCells(judged);
  const columns = headings.map((heading) => ({ heading, align: 'right' as const }));
  return renderTable([{ heading: 'model' }, ...columns], rows, stream);
}
