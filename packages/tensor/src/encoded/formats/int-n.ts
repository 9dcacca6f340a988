/** Codes of 1 to 8 bits without gaps, with a scale, and a zero point or minimum where that is asked for, for each group of columns. */
import { aBoolean, oneOf, ruleOf, type Rule } from '../../arguments/rules.ts';
import { centreOf, groupedCodes, groupedParts, type GroupedCodes } from '../../kernel/grouped-codes.ts';
import type { EncodedSettings } from '../../kernel/spec.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { array, flawOfArray, flawOfSetting, named } from '../arrays.ts';
import type { EncodedArray, MatrixFormat, MatrixShape } from '../format.ts';
import { flawOfPacked, packed, unpacked, type CodeBits } from '../packed.ts';
import { codable } from '../quantize.ts';
import { inFourBits, scaleArray } from './in-four-bits.ts';
import { centred, lifted, signs, spanned, type Grid } from './int-n-grids.ts';
import { flawOfScaleArrays, wideScales } from './int-n-scales.ts';
import { int4 } from './int4.ts';

/** Options of `intN`. */
export interface IntNOptions {
  /** Bits of a code, 1 to 8. Default: 4. */
  readonly bits?: number;
  /** Columns that share a scale: a power of two of at least 16. Default: 32. */
  readonly group?: number;
  /** Whether each group has a zero point. Default: no, codes lie around 0. */
  readonly zeros?: boolean;
  /**
   * Whether each group has a minimum, from which its codes count, instead of a zero point: f16, so that scales have to be f16
   * too. Default: no.
   */
  readonly minima?: boolean;
  /** What scales are stored in: half the bytes in f16, to which they are rounded up before there are codes. Default: f32. */
  readonly scales?: 'f32' | 'f16';
}

const someBits: Rule<number> = ruleOf(
  'a whole number from 1 to 8',
  (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 8,
);
const aGroup = int4.options.group;
const precision = oneOf<'f32' | 'f16'>('f32', 'f16');
const anyPrecision = oneOf('f32', 'f16', 'i8', 'e8');

const arraysOf = (settings: EncodedSettings): readonly string[] => groupedParts(groupedCodes(settings));

/**
 * As `int4`, of any bits: `codes`: u8 [rows, ⌈columns · bits / 8⌉], one behind the other, the lowest bits first; `scales`: f32
 * or f16 [rows, groups]; with zero points `zeros`: u8 [rows, groups]; with minima `minima`: f16 [rows, groups]. A value is
 * (code - 2^(bits - 1)) · scale, (code - zero) · scale, or code · scale + minimum, rounded to f32 once; of 1 bit without any of
 * them the codes are -1 and 1: (2 · code - 1) · scale. Without zero points the scale
 * is the largest magnitude / (2^(bits - 1) - 1), or that value / -2^(bits - 1): of the two, the one with the smaller squared
 * error over the group; of 1 bit the mean magnitude (M. Rastegari et al., "XNOR-Net", 2016). NaN and infinities have no code.
 *
 * Matrices of files may have more, which `encode` does not make. Scales `i8` are codes, i8 [rows, groups], times `steps`, f16
 * [rows, ⌈groups · group / 256⌉], one for 256 columns; minima then are too, times `minimumSteps`. Scales `e8` are exponents, u8:
 * 2^(byte - 128). With `table`, i8 [16], codes of 4 bits are places in it: a value is table[code] · scale.
 */
export const intN: MatrixFormat<IntNOptions> = {
  name: 'int-n',
  layout: 'int-n',
  arrays: arraysOf,
  byRow: (settings) => arraysOf(settings).filter((part) => part !== 'table'),
  options: { bits: someBits, group: aGroup, zeros: aBoolean, minima: aBoolean, scales: precision },
  encode: (values, [rows, columns], options) => {
    const { bits = 4, group = 32, zeros: withZeros = false, minima: withMinima = false } = options;
    const as = options.scales ?? (withMinima ? 'f16' : 'f32');
    const groups = Math.ceil(columns / group);
    const [scales, minima, zeros] = [
      new Float32Array(rows * groups),
      new Float32Array(rows * groups),
      new Uint8Array(rows * groups),
    ];
    const codes = new Uint8Array(values.length);
    const gridOf = gridFor(bits, withZeros, withMinima);
    for (let place = 0; place < scales.length; place++) {
      const row = Math.floor(place / groups);
      const begin = row * columns + (place % groups) * group;
      const own = values.subarray(begin, Math.min(begin + group, (row + 1) * columns));
      for (const [index, value] of own.entries()) codable('int-n', value, begin + index);
      const found = gridOf(own, bits, as);
      scales[place] = found.scale;
      minima[place] = found.minimum;
      zeros[place] = found.zero;
      for (const [index, value] of own.entries()) codes[begin + index] = found.code(value);
    }
    return {
      settings: { bits, group, zeros: withZeros, scales: as, ...(withMinima && { minima: true }) },
      arrays: {
        codes: packed(codes, [rows, columns], bits as CodeBits),
        scales: scaleArray(scales, [rows, groups], as),
        ...(withZeros && { zeros: array('u8', [rows, groups], zeros) }),
        ...(withMinima && { minima: scaleArray(minima, [rows, groups], as) }),
      },
    };
  },
  flaw: ({ settings, arrays }, shape) => {
    const wrong =
      flawOfSetting(settings, 'bits', someBits) ??
      flawOfSetting(settings, 'group', aGroup) ??
      flawOfSetting(settings, 'zeros', aBoolean) ??
      flawOfSetting({ minima: false, ...settings }, 'minima', aBoolean) ??
      flawOfSetting({ table: false, ...settings }, 'table', aBoolean) ??
      flawOfSetting(settings, 'scales', anyPrecision);
    if (wrong !== undefined) return wrong;
    const codes = groupedCodes(settings);
    const { bits, zeros, table } = codes;
    return (
      flawTogether(codes) ??
      flawOfPacked('codes', named(arrays, 'codes'), shape, bits as CodeBits) ??
      flawOfScaleArrays(arrays, codes, shape) ??
      (zeros ? flawOfZeros(named(arrays, 'zeros'), [shape[0], Math.ceil(shape[1] / codes.group)], bits) : undefined) ??
      (table ? flawOfArray('table', named(arrays, 'table'), 'i8', [16]) : undefined)
    );
  },
  expand: (arrays, settings, [rows, columns]) => {
    const own = groupedCodes(settings);
    const groups = Math.ceil(columns / own.group);
    // Of a group that is wider than the matrix only its columns take memory.
    const size = Math.min(own.group, columns);
    const codes = unpacked(named(arrays, 'codes'), [groups, size], own.bits as CodeBits);
    const scaled = counted(codes, arrays, own).mul(wideScales(arrays, own, 'scales').unsqueeze(2));
    return (own.minima ? scaled.add(wideScales(arrays, own, 'minima').unsqueeze(2)) : scaled)
      .reshape([rows, groups * size])
      .slice([], [rows, columns]);
  },
  kernelForm: inFourBits(),
};

/** What codes count, f32, before it is scaled. */
function counted(codes: Tensor, arrays: Readonly<Record<string, Tensor>>, own: GroupedCodes): Tensor {
  if (own.table) return named(arrays, 'table').take(codes).cast('f32');
  if (own.zeros) return codes.sub(named(arrays, 'zeros').cast('i32').unsqueeze(2)).cast('f32');
  const { factor, centre } = centreOf(own);
  return codes.mul(factor).sub(centre).cast('f32');
}

/** How the values of a group are rounded. */
function gridFor(
  bits: number,
  zeros: boolean,
  minima: boolean,
): (values: Float32Array, bits: number, as: 'f32' | 'f16') => Grid {
  if (minima) return lifted;
  if (zeros) return spanned;
  return bits === 1 ? signs : centred;
}

/** Which settings go together. */
function flawTogether({ bits, group, zeros, minima, table, scales }: GroupedCodes): string | undefined {
  const rules: readonly (readonly [isWrong: boolean, flaw: string])[] = [
    [zeros && minima, 'it has zero points and minima; codes count from one of them'],
    [minima && scales !== 'f16' && scales !== 'i8', `it has minima beside scales of ${scales}; f16 and i8 have some`],
    [
      table && (zeros || minima || bits !== 4),
      'it has a table; codes of 4 bits without zero points or minima have one',
    ],
    [scales === 'i8' && group > 256, `its group is ${group}; scales of i8 share steps of 256 columns`],
  ];
  return rules.find(([isWrong]) => isWrong)?.[1];
}

function flawOfZeros(zeros: EncodedArray, shape: MatrixShape, bits: number): string | undefined {
  const flaw = flawOfArray('zeros', zeros, 'u8', shape);
  if (flaw !== undefined) return flaw;
  const most = 2 ** bits - 1;
  const wrong = zeros.data.findIndex((zero) => zero > most);
  return wrong < 0 ? undefined : `zeros[${wrong}] is ${zeros.data[wrong]}; a zero point is a code, from 0 to ${most}`;
}
