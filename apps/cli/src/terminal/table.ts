import { columnsOf, cut, style, widthOf } from './terminal.ts';
import type { Output } from './terminal.ts';

/** A column: its heading, and to which side its cells are aligned. */
export interface Column {
  readonly heading: string;
  readonly align?: 'left' | 'right';
}

const gap = '  ';

/** The last column is left that much room, however wide the others are. */
const leastRoom = 12;

/**
 * A table as lines of text; `stream` is where it will be printed: on a terminal the heading is styled, and the last
 * column is cut to what fits.
 */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[], stream: Output): string {
  const widths = columns.map(({ heading }, index) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(row[index] ?? '')), widthOf(heading)),
  );
  if (stream.isTTY === true) {
    const others = widths.slice(0, -1).reduce((sum, width) => sum + width + gap.length, 0);
    const room = Math.max(leastRoom, columnsOf(stream) - others);
    widths.push(Math.min(widths.pop() ?? 0, room));
  }
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align = 'left' }, index) => {
        const width = widths[index] ?? 0;
        const cell = cut(cells[index] ?? '', width);
        const space = ' '.repeat(width - widthOf(cell));
        return align === 'left' ? cell + space : space + cell;
      })
      .join(gap)
      .trimEnd();
  const heading = line(columns.map((column) => column.heading));
  const rule = widths.map((width) => '─'.repeat(width)).join(gap);
  return [style('bold', heading, stream), style('dim', rule, stream), ...rows.map(line)].join('\n');
}
