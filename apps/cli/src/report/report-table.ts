/** The report on a terminal. */
import type { ReportRow } from '@espalier/pipeline';
import { renderTable, type Column } from '../terminal/table.ts';
import type { Output } from '../terminal/terminal.ts';
import { reportFigures } from './figures.ts';
import { kernelRows } from './kernels.ts';

const passLines = (rows: readonly ReportRow[]): readonly string[] =>
  rows.flatMap(({ name, passes }) => (passes.length > 0 ? [`${name}: ${passes.join('; then ')}`] : []));

const columns: readonly Column[] = [
  { heading: 'model' },
  ...reportFigures.map(([heading]) => ({ heading, align: 'right' as const })),
];

/** A line for each weight that is stored in a format, since a table would be cut. */
const kernelLines = (rows: readonly ReportRow[]): readonly string[] =>
  kernelRows(rows).map(
    ([model, weight, stored, runs, why]) => `${model}: ${weight}, stored ${stored}, runs ${runs}: ${why}`,
  );

/** The models of a run as a table for a terminal, what was done to each, and what their compressed weights run on. */
export function reportTable(rows: readonly ReportRow[], stream: Output): string {
  const cells = rows.map((row) => [row.name, ...reportFigures.map(([, text]) => text(row))]);
  return [renderTable(columns, cells, stream), '', ...passLines(rows), ...kernelLines(rows)].join('\n');
}
