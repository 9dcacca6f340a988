/** Products with matrices of which only some rectangles are there. */
import { columnKernels } from './entry-columns.ts';
import type { EncodedRule } from './encoded-rule.ts';
import { sparseProgram, type EntrySource } from './sparse-product.ts';

/** Entries that are written down at a time. */
const entriesTogether = 8192;

/** The rule of the layout. */
export const blocksRule: EncodedRule = {
  accepts: () => true,
  compile: (spec, engine) => {
    const { settings, rows, columns } = spec;
    const { entriesOfBlocks, codesOfBlocks } = columnKernels(engine);
    const [height, width] = [Number(settings['height']), Number(settings['width'])];
    const values = settings['values'] as 'f32' | 'int8';
    const [write, valueBytes] = values === 'f32' ? [entriesOfBlocks, 4] : [codesOfBlocks, 1];
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
        const { words } = engine.memory;
        const first = (target + offsetsAt) >> 2;
        let entries = 0;
        words[first] = 0;
        for (let each = 0; each < count; each++) {
          const [down, within] = [Math.floor((row + each) / height), (row + each) % height];
          const [toColumns, toValues] = [target + entries * 4, target + valuesAt + entries * valueBytes];
          const ofRow = offsets + down * 4;
          entries += write(ofRow, blockColumns, ofBlocks, within, height, width, columns, toColumns, toValues);
          words[first + each + 1] = entries;
        }
        return { offsets: first * 4, columns: target, values: target + valuesAt, scales: scales + row * 4 };
      },
    };
    return sparseProgram(spec, engine, source);
  },
};
