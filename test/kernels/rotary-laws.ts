/** The domain on which the rotary kernel is proven, on every device. */
import type { Case, Chooser } from '@espalier/tensor';
import type { KernelCheckOptions } from '@espalier/testing';

const drawn = (choose: Chooser, dtype: 'f32' | 'f64'): Case => ({
  inputs: [
    {
      shape: [choose.integer(1, 3), choose.integer(1, 6), 2 * choose.integer(1, 5)],
      dtype,
      values: { kind: 'range', low: -4, high: 4 },
    },
  ],
  attributes: { inverse: choose.boolean() },
});

/** Sines and cosines of a few radians: their error is absolute, so it shows against results near 0. */
export const rotaryLaws: KernelCheckOptions = {
  domain: (choose) => drawn(choose, 'f32'),
  smooth: (choose) => drawn(choose, 'f64'),
  tolerance: { ulps: 64, accumulated: true },
};
