/** Products with compressed sparse rows. */
import type { EncodedRule } from './encoded-rule.ts';
import { sparseCalls, type EntrySource } from './sparse-product.ts';

/** The rule of the layout. */
export const csrRule: EncodedRule = {
  // A row's entries are fewer than its columns, and cost no more each than a dense product's: there is nothing to refuse.
  accepts: () => true,
  calls: (spec, engine) => {
    const { settings, rows } = spec;
    const source: EntrySource = {
      columnBytes: settings['columnBytes'] as 1 | 2 | 4,
      rangeBytes: 4,
      values: settings['values'] as 'f32' | 'int8',
      rowsTogether: rows,
      bytes: 0,
      // The first offset of all is 0.
      locate: ([offsets = 0, columns = 0, values = 0, scales = 0], row) => ({
        offsets: offsets + row * 4,
        origin: offsets,
        columns,
        values,
        scales: scales + row * 4,
      }),
    };
    return sparseCalls(spec, engine, source);
  },
};
