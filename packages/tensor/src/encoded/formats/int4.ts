/** Codes of 4 bits, with a scale, and a zero point where that is asked for, for each group of columns of a row. */
import { aBoolean, ruleOf, type Rule } from '../../arguments/rules.ts';
import { roundHalfEven } from '../../dtype/half.ts';
import { below } from '../../dtype/neighbours.ts';
import type { EncodedSettings } from '../../kernel/spec.ts';
import { array, flawOfArray, flawOfFinite, flawOfSetting, named } from '../arrays.ts';
import type { EncodedArray, MatrixFormat, MatrixShape } from '../format.ts';
import { flawOfPacked, packed, unpacked } from '../packed.ts';
import { codable, scaleReaching } from '../quantize.ts';

/** Options of `int4`. */
export interface Int4Options {
  /** Columns that share a scale: a power of two of at least 16. Default: 32. */
  readonly group?: number;
  /**
   * Whether each group has a zero point, so that its 16 codes span from its least value, or 0, to its largest, or 0.
   * Default: no, they lie around 0.
   */
  readonly zeros?: boolean;
}

const aGroup: Rule<number> = ruleOf(
  'a power of two from 16 to 65,536',
  (value) =>
    Number.isInteger(value) &&
    (value as number) >= 16 &&
    (value as number) <= 65536 &&
    Math.log2(value as number) % 1 === 0,
);

const arraysOf = ({ zeros }: EncodedSettings): string[] =>
  zeros === true ? ['codes', 'scales', 'zeros'] : ['codes', 'scales'];

/**
 * Groups of columns, each row on its own; the last group of a row may be shorter. `codes`: u8 [rows, ⌈columns / 2⌉], two in
 * a byte, that of the even column in the low bits; `scales`: f32 [rows, groups]; with zero points `zeros`: u8 [rows, groups].
 * A value is (code - 8) · scale, or (code - zero) · scale. Without zero points the scale is the largest magnitude / 7, or that
 * value / -8, which uses the code that has no counterpart (as Q4_0 of GGUF): of the two, the one with the smaller squared
 * error over the group. NaN and infinities have no code.
 */
export const int4: MatrixFormat<Int4Options> = {
  name: 'int4',
  layout: 'int4',
  arrays: arraysOf,
  byRow: arraysOf,
  options: { group: aGroup, zeros: aBoolean },
  encode: (values, [rows, columns], { group = 32, zeros: withZeros = false }) => {
    const groups = Math.ceil(columns / group);
    const [scales, zeros] = [new Float32Array(rows * groups), new Uint8Array(rows * groups)];
    const codes = new Uint8Array(values.length);
    for (let place = 0; place < scales.length; place++) {
      const row = Math.floor(place / groups);
      const begin = row * columns + (place % groups) * group;
      const end = Math.min(begin + group, (row + 1) * columns);
      const { scale, zero } = (withZeros ? spanned : centred)(values, begin, end);
      scales[place] = scale;
      zeros[place] = zero;
      for (let index = begin; index < end; index++) codes[index] = codeOf(values[index] as number, scale, zero);
    }
    return {
      settings: { group, zeros: withZeros },
      arrays: {
        codes: packed(codes, [rows, columns], 4),
        scales: array('f32', [rows, groups], scales),
        ...(withZeros && { zeros: array('u8', [rows, groups], zeros) }),
      },
    };
  },
  flaw: ({ settings, arrays }, [rows, columns]) => {
    const wrong = flawOfSetting(settings, 'group', aGroup) ?? flawOfSetting(settings, 'zeros', aBoolean);
    if (wrong !== undefined) return wrong;
    const groups = Math.ceil(columns / Number(settings['group']));
    const scales = named(arrays, 'scales');
    return (
      flawOfPacked('codes', named(arrays, 'codes'), [rows, columns], 4) ??
      flawOfArray('scales', scales, 'f32', [rows, groups]) ??
      flawOfFinite('scales', scales) ??
      (settings['zeros'] === true ? flawOfZeros(named(arrays, 'zeros'), [rows, groups]) : undefined)
    );
  },
  expand: (arrays, { group, zeros }, [rows, columns]) => {
    const groups = Math.ceil(columns / Number(group));
    // Of a group that is wider than the matrix only its columns take memory.
    const size = Math.min(Number(group), columns);
    const codes = unpacked(named(arrays, 'codes'), [groups, size], 4);
    const steps = codes.sub(zeros === true ? named(arrays, 'zeros').cast('i32').unsqueeze(2) : 8).cast('f32');
    return steps
      .mul(named(arrays, 'scales').unsqueeze(2))
      .reshape([rows, groups * size])
      .slice([], [rows, columns]);
  },
};

function flawOfZeros(zeros: EncodedArray, shape: MatrixShape): string | undefined {
  const flaw = flawOfArray('zeros', zeros, 'u8', shape);
  if (flaw !== undefined) return flaw;
  const wrong = zeros.data.findIndex((zero) => zero > 15);
  return wrong < 0 ? undefined : `zeros[${wrong}] is ${zeros.data[wrong]}; a zero point is a code, from 0 to 15`;
}

const largestFloat = (2 - 2 ** -23) * 2 ** 127;

/** What the codes of a group mean. */
interface Grid {
  readonly scale: number;
  readonly zero: number;
}

const codeOf = (value: number, scale: number, zero: number): number =>
  Math.max(0, Math.min(15, roundHalfEven(Math.fround(value / scale)) + zero));

/** Codes around 0. */
function centred(values: Float32Array, begin: number, end: number): Grid {
  let extreme = 0;
  for (let index = begin; index < end; index++) {
    const value = codable('int4', values[index] as number, index);
    if (Math.abs(value) > Math.abs(extreme)) extreme = value;
  }
  const even = { scale: scaleReaching(Math.abs(extreme), 7), zero: 8 };
  if (extreme === 0) return even;
  const uneven = { scale: -Math.sign(extreme) * scaleReaching(Math.abs(extreme), 8), zero: 8 };
  const error = ({ scale, zero }: Grid): number => {
    let sum = 0;
    for (let index = begin; index < end; index++) {
      const value = values[index] as number;
      sum += (value - (codeOf(value, scale, zero) - zero) * scale) ** 2;
    }
    return sum;
  };
  return error(uneven) < error(even) ? uneven : even;
}

/** Codes from the least to the largest value; 0 is always among what they mean. */
function spanned(values: Float32Array, begin: number, end: number): Grid {
  let [least, largest] = [0, 0];
  for (let index = begin; index < end; index++) {
    const value = codable('int4', values[index] as number, index);
    least = Math.min(least, value);
    largest = Math.max(largest, value);
  }
  const scale = scaleReaching(largest - least, 15);
  const zero = Math.max(0, Math.min(15, roundHalfEven(-least / scale)));
  // From one end of f32 to the other, half a step past the end would be infinite.
  const steps = Math.max(zero, 15 - zero);
  return { scale: scale * steps > largestFloat ? below('f32', largestFloat / steps) : scale, zero };
}
