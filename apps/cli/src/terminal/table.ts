import { style, widthOf } from './terminal.ts';
import type { Output } from './terminal.ts';

/** A column: its heading, and to which side its cells are aligned. */
export interface Column {
  readonly heading: string;
  readonly align?: 'left' | 'right';
}

/** A table as lines of text; `stream` is where it will be printed, which decides whether the heading is styled. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[], stream: Output): string {
  const widths = columns.map(({ heading }, index) =>
    Math.max(widthOf(heading), ...rows.map((row) => widthOf(row[index] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align = 'left' }, index) => {
        const cell = cells[index] ?? '';
        const space = ' '.repeat((widths[index] ?? 0) - widthOf(cell));
        return align === 'left' ? cell + space : space + cell;
      })
      .join('  ')
      .trimEnd();
  const heading = line(columns.map((column) => column.heading));
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [style('bold', heading, stream), style('dim', rule, stream), ...rows.map(line)].join('\n');
}
