/** Codes of 8 bits, symmetric around 0, with one scale for the matrix or for each of its rows. */
import { oneOf } from '../../arguments/rules.ts';
import { array, flawOfArray, flawOfScales, flawOfSetting, named } from '../arrays.ts';
import type { MatrixFormat } from '../format.ts';
import { quantizeRows } from '../quantize.ts';

/** Options of `int8`. */
export interface Int8Options {
  /** What shares a scale. Default: `row`. */
  readonly scales?: 'row' | 'matrix';
}

const sharing = oneOf('row', 'matrix');

/**
 * The matrix as codes · scale. `codes`: i8 [rows, columns], each value / scale rounded half to even; `scales`: f32 [rows], or
 * [1] for one of the whole matrix, so that the largest magnitude has the code 127. NaN and infinities have no code.
 */
export const int8: MatrixFormat<Int8Options> = {
  name: 'int8',
  layout: 'int8',
  arrays: () => ['codes', 'scales'],
  byRow: ({ scales }) => (scales === 'matrix' ? ['codes'] : ['codes', 'scales']),
  options: { scales: sharing },
  encode: (values, [rows, columns], { scales: shared = 'row' }) => {
    const runs =
      shared === 'row' ? Int32Array.from({ length: rows + 1 }, (_, row) => row * columns) : [0, values.length];
    const { codes, scales } = quantizeRows('int8', values, Int32Array.from(runs));
    return {
      settings: { scales: shared },
      arrays: { codes: array('i8', [rows, columns], codes), scales: array('f32', [scales.length], scales) },
    };
  },
  flaw: ({ settings, arrays }, [rows, columns]) => {
    const scales = named(arrays, 'scales');
    const count = settings['scales'] === 'matrix' ? 1 : rows;
    return (
      flawOfSetting(settings, 'scales', sharing) ??
      flawOfArray('codes', named(arrays, 'codes'), 'i8', [rows, columns]) ??
      flawOfArray('scales', scales, 'f32', [count]) ??
      flawOfScales('scales', scales)
    );
  },
  expand: (arrays) => named(arrays, 'codes').cast('f32').mul(named(arrays, 'scales').unsqueeze(1)),
};
