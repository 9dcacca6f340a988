/** Where the entries of N of M lie: what the format, its oracle and the kernels of all devices agree on. */
import type { EncodedMatmulSpec } from './spec.ts';

/** How n of every m columns lie in rows. */
export interface Groups {
  readonly n: number;
  readonly m: number;
  /** Entries of a row that are stored: n of each group, of a last one of fewer columns too. */
  readonly kept: number;
  /**
   * Those that stand for elements, which come first: where the last group has fewer columns than n, each of them has one, and
   * those after it only make up the number. They take no part in anything.
   */
  readonly used: number;
  /** Of a place within its group, and bytes of the places of a row. */
  readonly bits: 2 | 4;
  readonly rowBytes: number;
}

/** The groups of a matrix, by the settings `n` and `m` of its format. */
export function groupsOf({ settings, columns }: Pick<EncodedMatmulSpec, 'settings' | 'columns'>): Groups {
  const [n, m] = [Number(settings['n']), Number(settings['m'])];
  const bits = m <= 4 ? 2 : 4;
  const kept = Math.ceil(columns / m) * n;
  const used = Math.floor(columns / m) * n + Math.min(n, columns % m);
  return { n, m, kept, used, bits, rowBytes: Math.ceil((kept * bits) / 8) };
}
