/** Products with matrices of which only some rectangles are there. */
import { columnKernels } from './entry-columns.ts';
import type { EncodedRule } from './encoded-rule.ts';
import { sparseCalls, type EntrySource } from './sparse-product.ts';

/** Entries that are written down at a time. */
const entriesTogether = 8192;

/** The rule of the layout. */
export const blocksRule: EncodedRule = {
  accepts: () => true,
  calls: (spec, engine) => {
    const { settings, rows, columns } = spec;
    const { entriesOfBlocks, codesOfBlocks } = columnKernels(engine);
    const [height, width] = [Number(settings['height']), Number(settings['width'])];
    const values = settings['values'] as 'f32' | 'int8';
    const write = values === 'f32' ? entriesOfBlocks : codesOfBlocks;
    const rowsTogether = Math.min(rows, Math.max(1, Math.floor(entriesTogether / columns)));
    const valuesAt = rowsTogether * columns * 4;
    const offsetsAt = valuesAt + rowsTogether * columns * 4;
    const source: EntrySource = {
      columnBytes: 4,
      rangeBytes: 4,
      values,
      rowsTogether,
      bytes: offsetsAt + (rowsTogether + 1) * 4,
      locate: ([offsets = 0, blockColumns = 0, ofBlocks = 0, scales = 0], row, count, target) => {
        const own = target + offsetsAt;
        write(offsets, blockColumns, ofBlocks, row, count, height, width, columns, target, target + valuesAt, own);
        return { offsets: own, origin: own, columns: target, values: target + valuesAt, scales: scales + row * 4 };
      },
    };
    return sparseCalls(spec, engine, source);
  },
};
