/** How far apart two values of a dtype may be and still count as the same result. */
import type { DType } from '@espalier/tensor';

/** `actual` is close to `expected` if they differ by at most `absolute + relative · |expected|`. */
export interface Bound {
  readonly absolute: number;
  readonly relative: number;
}

const exact: Bound = { absolute: 0, relative: 0 };

/**
 * The bound for each dtype where nothing else is said: a few dozen roundings of a float, which is what a short chain of
 * operations in another order costs; integers and bool are exact.
 */
export const defaultBounds: Readonly<Record<DType, Bound>> = {
  f32: { absolute: 1e-5, relative: 4e-6 },
  f64: { absolute: 1e-13, relative: 1e-13 },
  f16: { absolute: 1e-3, relative: 8e-3 },
  bf16: { absolute: 1e-3, relative: 6e-2 },
  i32: exact,
  u32: exact,
  i8: exact,
  u8: exact,
  bool: exact,
};
