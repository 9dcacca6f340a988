/** What the codes of a group mean, found from its values: the ways in which `int-n` rounds. */
import { dtypes } from '../../dtype/dtype.ts';
import { roundHalfEven } from '../../dtype/half.ts';
import { atLeast, below } from '../../dtype/neighbours.ts';
import { scaleReaching } from '../quantize.ts';

const largestFloat = (2 - 2 ** -23) * 2 ** 127;

/** What the codes of a group mean. */
export interface Grid {
  readonly scale: number;
  readonly zero: number;
  /** The value of the code 0, where codes count from it. */
  readonly minimum: number;
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
    minimum: 0,
    code: (value) => Math.max(0, Math.min(most, roundHalfEven(Math.fround(value / scale)) + zero)),
  };
}

/** Codes around 0. */
export function centred(values: Float32Array, bits: number, as: 'f32' | 'f16'): Grid {
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
export function spanned(values: Float32Array, bits: number, as: 'f32' | 'f16'): Grid {
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
export function signs(values: Float32Array, _bits: number, as: 'f32' | 'f16'): Grid {
  const mean = values.reduce((sum, value) => sum + Math.abs(value) / values.length, 0);
  const scale = dtypes[as].round(Math.min(dtypes[as].max, mean));
  return { scale, zero: 0, minimum: 0, code: (value) => Number(value >= 0) };
}

/** Codes from the least value, as f16 holds it, to the largest. */
export function lifted(values: Float32Array, bits: number): Grid {
  const most = 2 ** bits - 1;
  const { max, round } = dtypes.f16;
  const least = values.reduce((a, b) => Math.min(a, b), Infinity);
  const largest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const minimum = round(Math.max(-max, Math.min(max, least)));
  const scale = stored(scaleReaching(Math.max(0, largest - minimum), most), 'f16');
  return {
    scale,
    zero: 0,
    minimum,
    code: (value) => Math.max(0, Math.min(most, roundHalfEven((value - minimum) / scale))),
  };
}
