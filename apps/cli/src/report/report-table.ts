/** The report on a terminal. */
import type { ReportRow } from '@espalier/pipeline';
import { renderTable, type Column } from '../terminal/table.ts';
import type { Output } from '../terminal/terminal.ts';
import { reportFigures } from './figures.ts';

const passLines = (rows: readonly ReportRow[]): readonly string[] =>
  rows.flatMap(({ name, passes }) => (passes.length > 0 ? [`${name}: ${passes.join('; then ')}`] : []));

const columns: readonly Column[] = [
  { heading: 'model' },
  ...reportFigures.map(([heading]) => ({ heading, align: 'right' as const })),
];

/** The models of a run as a table for a terminal, and what was done to each. */
export function reportTable(rows: readonly ReportRow[], stream: Output): string {
  const cells = rows.map((row) => [row.name, ...reportFigures.map(([, text]) => text(row))]);
  return [renderTable(columns, cells, stream), '', ...passLines(rows)].join('\n');
}
