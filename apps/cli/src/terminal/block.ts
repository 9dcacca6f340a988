/** Lines that are redrawn in place. */
import { columnsOf, cut, widthOf, type Output } from './terminal.ts';
import { printable } from './visible.ts';

/** Lines at the end of a terminal's output that are redrawn in place. */
export interface Block {
  /** Shows these lines instead of the last ones. */
  update(lines: readonly string[]): void;
  /** Prints a text that stays, above the lines. */
  print(text: string): void;
  /** Leaves what is shown, and goes on below it. */
  finish(): void;
}

/**
 * Makes a block at the end of a terminal's output. What does not fit is cut: a line that wraps, or that has left the
 * screen, could not be drawn again in its place.
 */
export function createBlock(stream: Output): Block {
  let shown: readonly string[] = [];
  const erase = (): string => {
    // A terminal that was made narrower has wrapped what was whole.
    const rows = shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columnsOf(stream))), 0);
    return `${rows > 0 ? `\u001B[${rows}A` : ''}\r\u001B[J`;
  };
  const fitting = (lines: readonly string[]): readonly string[] => {
    const room = Math.max(2, (stream.rows ?? Infinity) - 1);
    const kept = lines.length <= room ? lines : lines.slice(0, room - 1);
    const left = lines.length - kept.length;
    return [...kept, ...(left > 0 ? [`  … and ${left} more lines`] : [])].map((line) => cut(line, columnsOf(stream)));
  };
  const draw = (above: string, lines: readonly string[]): void => {
    const text = lines.map((line) => `${line}\n`).join('');
    stream.write(`${erase()}${above}${text}`);
    shown = lines;
  };
  return {
    update: (lines) => draw('', fitting(lines)),
    print: (text) => draw(`${printable(text, stream)}\n`, fitting(shown)),
    finish: () => {
      shown = [];
    },
  };
}
