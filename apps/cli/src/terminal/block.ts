import { widthOf } from './terminal.ts';
import type { Output } from './terminal.ts';

/** Lines at the end of a terminal's output that are redrawn in place. */
export interface Block {
  /** Shows these lines instead of the last ones. */
  update(lines: readonly string[]): void;
  /** Leaves what is shown, and goes on below it. */
  finish(): void;
}

/** Makes a block at the end of a terminal's output. Lines that are too long for it are not cut, but counted as they wrap. */
export function createBlock(stream: Output): Block {
  let rows = 0;
  return {
    update: (lines) => {
      const up = rows > 0 ? `\u001B[${rows}A` : '';
      stream.write(`${up}\r\u001B[J${lines.map((line) => `${line}\n`).join('')}`);
      // Some terminals tell no width.
      const columns = stream.columns === undefined || stream.columns < 1 ? 80 : stream.columns;
      rows = lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    },
    finish: () => {
      rows = 0;
    },
  };
}
