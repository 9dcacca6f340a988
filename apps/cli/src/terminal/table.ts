/** Tables that fit their terminal. */
import { columnsOf, cut, style, widthOf, type Output } from './terminal.ts';
import { visibleLine } from './visible.ts';

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
 * column is cut to what fits. Cells are shown as the data they are: nothing in them moves the cursor.
 */
export function renderTable(given: readonly Column[], cells: readonly (readonly string[])[], stream: Output): string {
  const columns = given.map((column) => ({ ...column, heading: visibleLine(column.heading) }));
  const rows = cells.map((row) => row.map(visibleLine));
  const widths = columns.map(({ heading }, index) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(row[index] ?? '')), widthOf(heading)),
  );
  if (stream.isTTY === true) {
    const others = widths.slice(0, -1).reduce((sum, width) => sum + width + gap.length, 0);
    const room = Math.max(leastRoom, columnsOf(stream) - others);
    widths.push(Math.min(widths.pop() ?? 0, room));
  }
  const line = (row: readonly string[]): string =>
    columns
      .map(({ align = 'left' }, index) => {
        const width = widths[index] ?? 0;
        const cell = cut(row[index] ?? '', width);
        const space = ' '.repeat(width - widthOf(cell));
        return align === 'left' ? cell + space : space + cell;
      })
      .join(gap)
      .trimEnd();
  const heading = line(columns.map((column) => column.heading));
  const rule = widths.map((width) => '─'.repeat(width)).join(gap);
  return [style('bold', heading, stream), style('dim', rule, stream), ...rows.map(line)].join('\n');
}
