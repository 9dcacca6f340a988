/** Products with matrices that say of each element in a bit whether it is there. */
import { columnKernels } from './entry-columns.ts';
import type { EncodedRule } from './encoded-rule.ts';
import { sparseProgram, type EntrySource } from './sparse-product.ts';

/** Entries whose columns are written down at a time. */
const entriesTogether = 8192;

/** The rule of the layout. */
export const bitmaskRule: EncodedRule = {
  accepts: () => true,
  compile: (spec, engine) => {
    const { settings, rows, columns } = spec;
    const { setBits, setBitsByTable } = columnKernels(engine);
    const [columnBytes, write] = columns <= 65536 ? ([2, setBitsByTable] as const) : ([4, setBits] as const);
    const rowsTogether = Math.min(rows, Math.max(1, Math.floor(entriesTogether / columns)));
    const source: EntrySource = {
      columnBytes,
      rangeBytes: 4,
      values: settings['values'] as 'f32' | 'int8',
      rowsTogether,
      // The columns of a whole byte are written, whatever its bits.
      bytes: (rowsTogether * columns + 8) * columnBytes,
      locate: ([offsets = 0, mask = 0, values = 0, scales = 0], row, count, target) => {
        write(mask + row * Math.ceil(columns / 8), count, columns, target);
        const begin = engine.memory.words[(offsets >> 2) + row] ?? 0;
        // Offsets count from the first row of the matrix.
        return { offsets: offsets + row * 4, columns: target - begin * columnBytes, values, scales: scales + row * 4 };
      },
    };
    return sparseProgram(spec, engine, source);
  },
};
