/** Matrices in `int-n` of up to 4 bits as `int4`, for devices that have kernels of that alone. */
import { float16FromNumber, numberFromFloat16 } from '../../dtype/half.ts';
import { groupedCodes } from '../../kernel/grouped-codes.ts';
import type { EncodedSettings } from '../../kernel/spec.ts';
import { array, named } from '../arrays.ts';
import type { EncodedArray, KernelForm } from '../format.ts';
import { packed, unpackedCodes, type CodeBits } from '../packed.ts';
import { int4 } from './int4.ts';

/** The same codes and scales in `int4`, of up to 4 bits. */
export function inFourBits(): KernelForm {
  /** What is added to a code of so many bits for the one in `int4`. */
  const shift = ({ bits, zeros }: EncodedSettings): number => (zeros === true ? 0 : 8 - 2 ** (Number(bits) - 1));
  return {
    format: int4,
    to: ({ settings, arrays }, shape) => {
      const { bits, group, zeros, minima, table, scales: kind } = groupedCodes(settings);
      if (bits > 4 || minima || table || (kind !== 'f32' && kind !== 'f16')) return undefined;
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
      const { bits, zeros, scales: kind } = groupedCodes(settings);
      const codes = unpackedCodes(named(arrays, 'codes'), shape, 4);
      const back = codes.map(bits === 1 && !zeros ? (code) => (code - 7) >> 1 : (code) => code - shift(settings));
      const { scales } = arrays;
      return {
        settings,
        arrays: {
          codes: packed(back, shape, bits as CodeBits),
          scales: scaleArray(
            (scales as EncodedArray).data as Float32Array,
            (scales as EncodedArray).shape,
            kind === 'f16' ? 'f16' : 'f32',
          ),
          ...(zeros && { zeros: named(arrays, 'zeros') }),
        },
      };
    },
  };
}

/** Scales as they are stored. */
export function scaleArray(scales: Float32Array, shape: readonly number[], as: 'f32' | 'f16'): EncodedArray {
  if (as === 'f32') return array('f32', shape, Float32Array.from(scales));
  return array('f16', shape, Uint16Array.from(scales, float16FromNumber));
}

export function wideScales({ dtype, data }: EncodedArray): Float32Array {
  return dtype === 'f16' ? Float32Array.from(data as Uint16Array, numberFromFloat16) : (data as Float32Array);
}
