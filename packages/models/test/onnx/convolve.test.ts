/** Transposed convolutions beside their definition: each element of the input spreads the kernel, scaled, over the result. */
import { fromTyped } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { convolveTransposed } from '../../src/onnx/operators/convolve.ts';

const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

/** The places of a tensor, row-major. */
function* placesOf(sizes: readonly number[]): Generator<readonly number[]> {
  for (let flat = 0; flat < product(sizes); flat++) {
    let rest = flat;
    const place = sizes.toReversed().map((size) => {
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    });
    yield place.toReversed();
  }
}

const flatOf = (place: readonly number[], sizes: readonly number[]): number =>
  place.reduce((flat, at, axis) => flat * (sizes[axis] as number) + at, 0);

const axis = fc.record({
  size: fc.integer({ min: 1, max: 5 }),
  kernel: fc.integer({ min: 1, max: 5 }),
  stride: fc.integer({ min: 1, max: 4 }),
  dilation: fc.integer({ min: 1, max: 3 }),
  extra: fc.integer({ min: 0, max: 5 }),
});

describe('a transposed convolution', () => {
  test('is the sum of kernels that it is defined as, along any number of axes and in groups', () => {
    fc.assert(
      fc.property(
        fc.array(axis, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 2 }),
        fc.integer({ min: 1, max: 3 }),
        fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
        (axes, batch, groups, [ins, outs]) => {
          const each = (name: keyof (typeof axes)[number]): number[] => axes.map((one) => one[name]);
          const [sizes, kernel, stride, dilation, extra] = [
            each('size'),
            each('kernel'),
            each('stride'),
            each('dilation'),
            each('extra'),
          ];
          const [xShape, wShape] = [
            [batch, groups * ins, ...sizes],
            [groups * ins, outs, ...kernel],
          ];
          const last = sizes.map(
            (size, at) =>
              (size - 1) * (stride[at] as number) + ((kernel[at] as number) - 1) * (dilation[at] as number) + 1,
          );
          const yShape = [batch, groups * outs, ...last.map((size, at) => size + (extra[at] as number))];
          // Whole numbers, whose sums are exact.
          const x = Float32Array.from({ length: product(xShape) }, (_, at) => ((at * 7) % 11) - 5);
          const w = Float32Array.from({ length: product(wShape) }, (_, at) => ((at * 5) % 7) - 3);
          const expected = new Float32Array(product(yShape));
          for (const place of placesOf(xShape)) {
            const [image = 0, input = 0, ...at] = place;
            const group = Math.floor(input / ins);
            for (const [output = 0, ...tap] of placesOf([outs, ...kernel])) {
              const to = at.map((one, k) => one * (stride[k] as number) + (tap[k] as number) * (dilation[k] as number));
              const flat = flatOf([image, group * outs + output, ...to], yShape);
              expected[flat] =
                (expected[flat] as number) +
                (x[flatOf(place, xShape)] as number) * (w[flatOf([input, output, ...tap], wShape)] as number);
            }
          }
          const windows = { kernel, stride, dilation, pads: [] };
          const y = convolveTransposed(fromTyped(x, xShape), fromTyped(w, wShape), windows, groups, extra);
          expect(y.shape).toEqual(yShape);
          expect([...y.dataSync()]).toEqual([...expected]);
        },
      ),
      { numRuns: 60 },
    );
  });
});
