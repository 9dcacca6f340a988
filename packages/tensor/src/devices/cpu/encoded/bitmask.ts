/** Products with matrices that say of each element in a bit whether it is there. */
import { columnKernels } from './entry-columns.ts';
import type { EncodedRule } from './encoded-rule.ts';
import { sparseCalls, type EntrySource } from './sparse-product.ts';

/** Entries whose columns are written down at a time. */
const entriesTogether = 8192;

/** The rule of the layout. */
export const bitmaskRule: EncodedRule = {
  accepts: () => true,
  calls: (spec, engine) => {
    const { settings, rows, columns } = spec;
    const { setBits, setBitsByTable } = columnKernels(engine);
    const [columnBytes, write] =
      setBitsByTable && columns <= 65536 ? ([2, setBitsByTable] as const) : ([4, setBits] as const);
    const rowsTogether = Math.min(rows, Math.max(1, Math.floor(entriesTogether / columns)));
    const source: EntrySource = {
      columnBytes,
      rangeBytes: 4,
      values: settings['values'] as 'f32' | 'int8',
      rowsTogether,
      // The columns of a whole byte are written, whatever its bits; whoever has no table writes them in 4 bytes.
      bytes: (rowsTogether * columns + 8) * 4,
      locate: ([offsets = 0, mask = 0, values = 0, scales = 0], row, count, target) => {
        write(mask + row * Math.ceil(columns / 8), count, columns, target);
        const first = offsets + row * 4;
        return { offsets: first, origin: first, columns: target, values, scales: scales + row * 4 };
      },
    };
    return sparseCalls(spec, engine, source);
  },
};
