/** Products with matrices of which, of every m columns of a row, n are there. */
import type { EncodedMatmulSpec } from '../../../kernel/spec.ts';
import type { Engine } from '../engine.ts';
import { columnKernels } from './entry-columns.ts';
import type { EncodedRule } from './encoded-rule.ts';
import { sparseProgram, type EntrySource } from './sparse-product.ts';

/** Entries whose columns are written down at a time. */
const entriesTogether = 8192;

/** The rule of the layout. */
export const nOfMRule: EncodedRule = {
  accepts: () => true,
  compile: (spec, engine) => sparseProgram(spec, engine, entriesOf(spec, engine)),
};

/** The entries of some rows: their values as they lie, and their columns written down. */
function entriesOf({ settings, rows, columns }: EncodedMatmulSpec, engine: Engine): EntrySource {
  const { places } = columnKernels(engine);
  const [n, m] = [Number(settings['n']), Number(settings['m'])];
  const bits = m <= 4 ? 2 : 4;
  const kept = Math.ceil(columns / m) * n;
  const rowBytes = Math.ceil((kept * bits) / 8);
  const rowsTogether = Math.min(rows, Math.max(1, Math.floor(entriesTogether / kept)));
  const values = settings['values'] as 'f32' | 'int8';
  const valueBytes = values === 'f32' ? 4 : 1;
  const offsetsAt = rowsTogether * kept * 4;
  return {
    columnBytes: 4,
    values,
    rowsTogether,
    bytes: offsetsAt + (rowsTogether + 1) * 4,
    locate: ([codes = 0, ofEntries = 0, scales = 0], row, count, target) => {
      places(codes + row * rowBytes, count, kept, n, m, bits, target);
      const { words } = engine.memory;
      for (let each = 0; each <= count; each++) words[((target + offsetsAt) >> 2) + each] = each * kept;
      return {
        offsets: target + offsetsAt,
        columns: target,
        values: ofEntries + row * kept * valueBytes,
        scales: scales + row * 4,
      };
    },
  };
}
