/** How rows are written, a batch at a time: nothing of a batch is held when it is written. */
import { encodeUtf8 } from '@espalier/nn/format';

/** Values under a name: texts or numbers, the same kind in every batch. */
export interface WrittenColumn {
  readonly name: string;
  readonly values: ArrayLike<string | number>;
}

/** Takes bytes in their order. */
export type ByteSink = (bytes: Uint8Array) => Promise<void>;

/** Writes batches of rows, all of the same columns. */
export interface RowWriter {
  write(columns: readonly WrittenColumn[]): Promise<void>;
  /** Writes what stands behind all rows. */
  finish(): Promise<void>;
}

/** How many rows columns have. */
export const rowsOf = (columns: readonly WrittenColumn[]): number => columns[0]?.values.length ?? 0;

/** A writer of a format of lines: a head, and a line for each row. */
export function lineWriter(
  sink: ByteSink,
  lines: {
    readonly head: (columns: readonly WrittenColumn[]) => string;
    readonly row: (columns: readonly WrittenColumn[]) => (row: number) => string;
  },
): RowWriter {
  let isBegun = false;
  return {
    write: async (columns) => {
      const row = lines.row(columns);
      const texts = Array.from({ length: rowsOf(columns) }, (_, index) => row(index));
      if (!isBegun) texts.unshift(lines.head(columns));
      isBegun = true;
      await sink(encodeUtf8(texts.join('')));
    },
    finish: async () => undefined,
  };
}
