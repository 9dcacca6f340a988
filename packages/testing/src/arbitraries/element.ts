/** Arbitraries for single values that a dtype can hold exactly. */
import fc from 'fast-check';
import { dtypes, type DType } from '@espalier/tensor';

/** The values that break numerical code most often. */
export interface SpecialValues {
  readonly nan?: boolean;
  readonly infinity?: boolean;
  readonly negativeZero?: boolean;
  /** Values below the smallest normal number, which some hardware flushes to zero. */
  readonly subnormal?: boolean;
  /** The smallest and largest finite value, and the smallest normal one. */
  readonly extreme?: boolean;
}

/** Which values to draw. */
export interface ElementLimits {
  /** Smallest ordinary value. Default -4, or what the dtype allows. */
  readonly low?: number;
  /** Largest ordinary value. Default 4, or what the dtype allows. */
  readonly high?: number;
  /** Only whole numbers. Default false; integer dtypes are whole anyway. */
  readonly whole?: boolean;
  /** Special values mixed in, outside `low` and `high` too: all, none (the default), or some. */
  readonly special?: boolean | SpecialValues;
}

/** The smallest positive normal value of a float dtype, 0 for other dtypes. */
export function smallestNormal(dtype: DType): number {
  return { f32: 2 ** -126, f64: 2 ** -1022, f16: 2 ** -14, bf16: 2 ** -126, i32: 0, u32: 0, i8: 0, u8: 0, bool: 0 }[
    dtype
  ];
}

/** The smallest positive value of a float dtype, which is also the spacing of its subnormals; 0 for other dtypes. */
export function smallestSubnormal(dtype: DType): number {
  return smallestNormal(dtype) * dtypes[dtype].epsilon;
}

/** A value of `dtype` as a number; shrinks towards 0, or to the bound nearest to it. */
export function anyElement(dtype: DType, limits: ElementLimits = {}): fc.Arbitrary<number> {
  const info = dtypes[dtype];
  const low = Math.max(limits.low ?? -4, info.min);
  const high = Math.min(limits.high ?? 4, info.max);
  const ordinary =
    info.kind === 'float' && limits.whole !== true ? anyFraction(dtype, low, high) : anyWhole(dtype, low, high);
  const special = specialValues(dtype, limits.special ?? false);
  if (special.length === 0) return ordinary;
  return fc.oneof({ arbitrary: ordinary, weight: 3 }, { arbitrary: fc.constantFrom(...special), weight: 1 });
}

function anyWhole(dtype: DType, low: number, high: number): fc.Arbitrary<number> {
  return fc.integer({ min: Math.ceil(low), max: Math.floor(high) }).map(dtypes[dtype].round);
}

/** Short binary fractions, which print and shrink well, mixed with full-length ones. */
function anyFraction(dtype: DType, low: number, high: number): fc.Arbitrary<number> {
  const { round } = dtypes[dtype];
  const inside = (value: number): boolean => value >= low && value <= high;
  if (low === high) return fc.constant(round(low));
  const onGrid = (grid: number): fc.Arbitrary<number> =>
    fc
      .integer({ min: Math.ceil(low / grid), max: Math.floor(high / grid) })
      .map((steps) => round(steps * grid))
      .filter(inside);
  const coarse = 2 ** Math.floor(Math.log2((high - low) / 256));
  return fc.oneof({ arbitrary: onGrid(coarse), weight: 2 }, { arbitrary: onGrid(coarse * 2 ** -20), weight: 1 });
}

/** The special values of `dtype`, simplest first. */
export function specialValues(dtype: DType, wanted: boolean | SpecialValues): number[] {
  const all: Required<SpecialValues> = {
    nan: true,
    infinity: true,
    negativeZero: true,
    subnormal: true,
    extreme: true,
  };
  const wants: SpecialValues = wanted === true ? all : wanted === false ? {} : wanted;
  const { kind, min, max } = dtypes[dtype];
  if (kind !== 'float') return wants.extreme === true ? [0, max, min] : [];
  const tiny = smallestSubnormal(dtype);
  const normal = smallestNormal(dtype);
  return [
    ...(wants.negativeZero === true ? [0, -0] : []),
    ...(wants.nan === true ? [Number.NaN] : []),
    ...(wants.infinity === true ? [Infinity, -Infinity] : []),
    ...(wants.extreme === true ? [max, min, normal, -normal] : []),
    ...(wants.subnormal === true ? [tiny, -tiny, normal - tiny] : []),
  ];
}
