/** Codes of 1 to 8 bits without gaps, with a scale, and a zero point where that is asked for, for each group of columns. */
import { aBoolean, oneOf, ruleOf, type Rule } from '../../arguments/rules.ts';
import { dtypes } from '../../dtype/dtype.ts';
import { float16FromNumber, numberFromFloat16, roundHalfEven } from '../../dtype/half.ts';
import { atLeast, below } from '../../dtype/neighbours.ts';
import type { EncodedSettings } from '../../kernel/spec.ts';
import { array, flawOfArray, flawOfSetting, named } from '../arrays.ts';
import type { EncodedArray, KernelForm, MatrixFormat, MatrixShape } from '../format.ts';
import { flawOfPacked, packed, unpacked, unpackedCodes, type CodeBits } from '../packed.ts';
import { codable, scaleReaching } from '../quantize.ts';
import { int4 } from './int4.ts';

/** Options of `intN`. */
export interface IntNOptions {
  /** Bits of a code, 1 to 8. Default: 4. */
  readonly bits?: number;
  /** Columns that share a scale: a power of two of at least 16. Default: 32. */
  readonly group?: number;
  /** Whether each group has a zero point. Default: no, codes lie around 0. */
  readonly zeros?: boolean;
  /** What scales are stored in: half the bytes in f16, to which they are rounded up before there are codes. Default: f32. */
  readonly scales?: 'f32' | 'f16';
}

const someBits: Rule<number> = ruleOf(
  'a whole number from 1 to 8',
  (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 8,
);
const aGroup = int4.options.group;
const precision = oneOf<'f32' | 'f16'>('f32', 'f16');

const arraysOf = ({ zeros }: EncodedSettings): string[] =>
  zeros === true ? ['codes', 'scales', 'zeros'] : ['codes', 'scales'];

/**
 * As `int4`, of any bits: `codes`: u8 [rows, ⌈columns · bits / 8⌉], one behind the other, the lowest bits first; `scales`: f32
 * or f16 [rows, groups]; with zero points `zeros`: u8 [rows, groups]. A value is (code - 2^(bits - 1)) · scale, or (code -
 * zero) · scale; of 1 bit without zero points the codes are -1 and 1: (2 · code - 1) · scale. Without zero points the scale
 * is the largest magnitude / (2^(bits - 1) - 1), or that value / -2^(bits - 1): of the two, the one with the smaller squared
 * error over the group; of 1 bit the mean magnitude (M. Rastegari et al., "XNOR-Net", 2016). NaN and infinities have no code.
 * Up to 4 bits products compute from `int4`, in the memory of that format.
 */
export const intN: MatrixFormat<IntNOptions> = {
  name: 'int-n',
  arrays: arraysOf,
  byRow: arraysOf,
  options: { bits: someBits, group: aGroup, zeros: aBoolean, scales: precision },
  encode: (values, [rows, columns], { bits = 4, group = 32, zeros: withZeros = false, scales: as = 'f32' }) => {
    const groups = Math.ceil(columns / group);
    const [scales, zeros] = [new Float32Array(rows * groups), new Uint8Array(rows * groups)];
    const codes = new Uint8Array(values.length);
    const gridOf = bits === 1 && !withZeros ? signs : withZeros ? spanned : centred;
    for (let place = 0; place < scales.length; place++) {
      const row = Math.floor(place / groups);
      const begin = row * columns + (place % groups) * group;
      const own = values.subarray(begin, Math.min(begin + group, (row + 1) * columns));
      for (const [index, value] of own.entries()) codable('int-n', value, begin + index);
      const found = gridOf(own, bits, as);
      scales[place] = found.scale;
      zeros[place] = found.zero;
      for (const [index, value] of own.entries()) codes[begin + index] = found.code(value);
    }
    return {
      settings: { bits, group, zeros: withZeros, scales: as },
      arrays: {
        codes: packed(codes, [rows, columns], bits as CodeBits),
        scales: scaleArray(scales, [rows, groups], as),
        ...(withZeros && { zeros: array('u8', [rows, groups], zeros) }),
      },
    };
  },
  flaw: ({ settings, arrays }, [rows, columns]) => {
    const wrong =
      flawOfSetting(settings, 'bits', someBits) ??
      flawOfSetting(settings, 'group', aGroup) ??
      flawOfSetting(settings, 'zeros', aBoolean) ??
      flawOfSetting(settings, 'scales', precision);
    if (wrong !== undefined) return wrong;
    const { bits, group, zeros, scales: as } = settings as unknown as Required<IntNOptions>;
    const shape: MatrixShape = [rows, Math.ceil(columns / group)];
    const scales = named(arrays, 'scales');
    return (
      flawOfPacked('codes', named(arrays, 'codes'), [rows, columns], bits as CodeBits) ??
      flawOfArray('scales', scales, as, shape) ??
      flawOfScaleNumbers(scales) ??
      (zeros ? flawOfZeros(named(arrays, 'zeros'), shape, bits) : undefined)
    );
  },
  expand: (arrays, settings, [rows, columns]) => {
    const { bits, group, zeros } = settings as unknown as Required<IntNOptions>;
    const groups = Math.ceil(columns / group);
    // Of a group that is wider than the matrix only its columns take memory.
    const size = Math.min(group, columns);
    const codes = unpacked(named(arrays, 'codes'), [groups, size], bits as CodeBits);
    const steps = zeros
      ? codes.sub(named(arrays, 'zeros').cast('i32').unsqueeze(2))
      : bits === 1
        ? codes.mul(2).sub(1)
        : codes.sub(2 ** (bits - 1));
    return steps
      .cast('f32')
      .mul(named(arrays, 'scales').cast('f32').unsqueeze(2))
      .reshape([rows, groups * size])
      .slice([], [rows, columns]);
  },
  kernelForm: inFourBits(),
};

/** The same codes and scales in `int4`, of up to 4 bits. */
function inFourBits(): KernelForm {
  /** What is added to a code of so many bits for the one in `int4`. */
  const shift = ({ bits, zeros }: EncodedSettings): number => (zeros === true ? 0 : 8 - 2 ** (Number(bits) - 1));
  return {
    format: int4,
    to: ({ settings, arrays }, shape) => {
      const bits = Number(settings['bits']);
      if (bits > 4) return undefined;
      const { zeros, group } = settings as unknown as Required<IntNOptions>;
      const codes = unpackedCodes(named(arrays, 'codes'), shape, bits as CodeBits);
      const moved = codes.map(bits === 1 && !zeros ? (code) => 7 + 2 * code : (code) => code + shift(settings));
      const { scales } = arrays;
      return {
        settings: { group, zeros },
        arrays: {
          codes: packed(moved, shape, 4),
          scales: array('f32', (scales as EncodedArray).shape, wideScales(scales as EncodedArray)),
          ...(zeros && { zeros: named(arrays, 'zeros') }),
        },
      };
    },
    from: ({ arrays }, settings, shape) => {
      const { bits, zeros, scales: as } = settings as unknown as Required<IntNOptions>;
      const codes = unpackedCodes(named(arrays, 'codes'), shape, 4);
      const back = codes.map(bits === 1 && !zeros ? (code) => (code - 7) >> 1 : (code) => code - shift(settings));
      const { scales } = arrays;
      return {
        settings,
        arrays: {
          codes: packed(back, shape, bits as CodeBits),
          scales: scaleArray((scales as EncodedArray).data as Float32Array, (scales as EncodedArray).shape, as),
          ...(zeros && { zeros: named(arrays, 'zeros') }),
        },
      };
    },
  };
}

/** Scales as they are stored. */
function scaleArray(scales: Float32Array, shape: readonly number[], as: 'f32' | 'f16'): EncodedArray {
  if (as === 'f32') return array('f32', shape, Float32Array.from(scales));
  return array('f16', shape, Uint16Array.from(scales, float16FromNumber));
}

function wideScales({ dtype, data }: EncodedArray): Float32Array {
  return dtype === 'f16' ? Float32Array.from(data as Uint16Array, numberFromFloat16) : (data as Float32Array);
}

function flawOfScaleNumbers(scales: EncodedArray): string | undefined {
  const numbers = wideScales(scales);
  const wrong = numbers.findIndex((scale) => !Number.isFinite(scale));
  return wrong < 0 ? undefined : `scales[${wrong}] is ${numbers[wrong]}; it must be finite`;
}

function flawOfZeros(zeros: EncodedArray, shape: MatrixShape, bits: number): string | undefined {
  const flaw = flawOfArray('zeros', zeros, 'u8', shape);
  if (flaw !== undefined) return flaw;
  const most = 2 ** bits - 1;
  const wrong = zeros.data.findIndex((zero) => zero > most);
  return wrong < 0 ? undefined : `zeros[${wrong}] is ${zeros.data[wrong]}; a zero point is a code, from 0 to ${most}`;
}

const largestFloat = (2 - 2 ** -23) * 2 ** 127;

/** What the codes of a group mean. */
interface Grid {
  readonly scale: number;
  readonly zero: number;
  readonly code: (value: number) => number;
}

/** A scale that reaches as far, as it is stored: of f16 the next that is no smaller, or the largest. */
function stored(scale: number, as: 'f32' | 'f16'): number {
  if (as === 'f32') return scale;
  return Math.sign(scale) * atLeast('f16', Math.min(dtypes.f16.max, Math.abs(scale)));
}

function grid(scale: number, zero: number, bits: number): Grid {
  const most = 2 ** bits - 1;
  return {
    scale,
    zero,
    code: (value) => Math.max(0, Math.min(most, roundHalfEven(Math.fround(value / scale)) + zero)),
  };
}

/** Codes around 0. */
function centred(values: Float32Array, bits: number, as: 'f32' | 'f16'): Grid {
  const half = 2 ** (bits - 1);
  let extreme = 0;
  for (const value of values) if (Math.abs(value) > Math.abs(extreme)) extreme = value;
  const even = grid(stored(scaleReaching(Math.abs(extreme), half - 1), as), half, bits);
  if (extreme === 0) return even;
  const uneven = grid(stored(-Math.sign(extreme) * scaleReaching(Math.abs(extreme), half), as), half, bits);
  const error = ({ scale, zero, code }: Grid): number =>
    values.reduce((sum, value) => sum + (value - (code(value) - zero) * scale) ** 2, 0);
  return error(uneven) < error(even) ? uneven : even;
}

/** Codes from the least to the largest value; 0 is always among what they mean. */
function spanned(values: Float32Array, bits: number, as: 'f32' | 'f16'): Grid {
  const most = 2 ** bits - 1;
  const least = values.reduce((a, b) => Math.min(a, b), 0);
  const largest = values.reduce((a, b) => Math.max(a, b), 0);
  const scale = stored(scaleReaching(largest - least, most), as);
  const zero = Math.max(0, Math.min(most, roundHalfEven(-least / scale)));
  // From one end of f32 to the other, half a step past the end would be infinite.
  const steps = Math.max(zero, most - zero);
  return grid(scale * steps > largestFloat ? below('f32', largestFloat / steps) : scale, zero, bits);
}

/** Signs, times the mean magnitude, which is nearest to all: no code of one bit means 0, so that a scale of 0 has to. */
function signs(values: Float32Array, _bits: number, as: 'f32' | 'f16'): Grid {
  const mean = values.reduce((sum, value) => sum + Math.abs(value) / values.length, 0);
  const scale = dtypes[as].round(Math.min(dtypes[as].max, mean));
  return { scale, zero: 0, code: (value) => Number(value >= 0) };
}
