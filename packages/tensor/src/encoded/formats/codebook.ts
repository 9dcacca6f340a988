/** Each value as a position in a table of values that the whole matrix shares. */
import { ruleOf, type Rule } from '../../arguments/rules.ts';
import { array, flawOfArray, flawOfSetting, named } from '../arrays.ts';
import { centresOf, nearest } from '../clusters.ts';
import type { MatrixFormat } from '../format.ts';
import { flawOfPacked, packed, unpacked, type CodeBits } from '../packed.ts';
import { codable } from '../quantize.ts';

/** Options of `codebook`. */
export interface CodebookOptions {
  /** Bits of a code: 4 for a table of 16 values, 8 for one of 256. Default: 4. */
  readonly bits?: 4 | 8;
}

const someBits: Rule<4 | 8> = ruleOf('4 or 8', (value) => value === 4 || value === 8);

/**
 * `codes`: u8 [rows, bytes], two in a byte where they have 4 bits, that of the even column in the low ones; `table`: f32 [16]
 * or [256], ascending: the k-means of the values, so that a matrix of no more different values is kept as it is. NaN and
 * infinities have no code.
 */
export const codebook: MatrixFormat<CodebookOptions> = {
  name: 'codebook',
  layout: 'codebook',
  arrays: () => ['codes', 'table'],
  byRow: () => ['codes'],
  options: { bits: someBits },
  encode: (values, shape, { bits = 4 }) => {
    for (let index = 0; index < values.length; index++) codable('codebook', values[index] as number, index);
    const table = centresOf(values, 2 ** bits);
    const codes = new Uint8Array(values.length);
    for (let index = 0; index < values.length; index++) codes[index] = nearest(table, values[index] as number);
    return {
      settings: { bits },
      arrays: { codes: packed(codes, shape, bits), table: array('f32', [table.length], table) },
    };
  },
  flaw: ({ settings, arrays }, shape) => {
    const wrong = flawOfSetting(settings, 'bits', someBits);
    if (wrong !== undefined) return wrong;
    const bits = settings['bits'] as CodeBits;
    return (
      flawOfPacked('codes', named(arrays, 'codes'), shape, bits) ??
      flawOfArray('table', named(arrays, 'table'), 'f32', [2 ** bits])
    );
  },
  expand: (arrays, { bits }, [, columns]) =>
    named(arrays, 'table').take(unpacked(named(arrays, 'codes'), [columns], bits as CodeBits)),
};
