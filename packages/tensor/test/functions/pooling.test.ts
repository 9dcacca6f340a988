import { avgPool2d, maxPool2d, ShapeError, tensor, type NestedNumbers, type Tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';

interface Row {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly ceilMode: boolean;
}

const rows: fc.Arbitrary<Row> = fc
  .record({
    size: fc.integer({ min: 5, max: 9 }),
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 4 }),
    padding: fc.integer({ min: 0, max: 1 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    ceilMode: fc.boolean(),
  })
  .filter(({ kernel, padding }) => padding <= kernel / 2);

const image = (size: number): Tensor =>
  tensor(Array.from({ length: size }, (_, index) => ((index * 5) % 7) - 3)).reshape(1, 1, 1, size);

/** The positions that each window touches, those outside of the image included: as PyTorch counts windows. */
function windows({ size, kernel, stride, padding, dilation, ceilMode }: Row): number[][] {
  const free = size + 2 * padding - dilation * (kernel - 1) - 1;
  const starts = Math.floor(free / stride) + 1;
  const over = ceilMode && free % stride !== 0 && starts * stride < size + padding ? 1 : 0;
  return Array.from({ length: starts + over }, (_, window) =>
    Array.from({ length: kernel }, (__, at) => window * stride - padding + at * dilation),
  );
}

const optionsOf = ({ kernel, stride, padding, ceilMode }: Row) =>
  ({ kernel: [1, kernel], stride: [1, stride], padding: [0, padding], ceilMode }) as const;

const flat = (values: NestedNumbers): readonly number[] => [values].flat(9) as number[];

test('a maximum is over what a window touches of the image, with gaps and over the end', () => {
  fc.assert(
    fc.property(rows, (row) => {
      const x = image(row.size);
      const data = x.dataSync();
      const expected = windows(row).map((at) => Math.max(...at.map((position) => data[position] ?? -Infinity)));
      const pooled = maxPool2d(x, { ...optionsOf(row), dilation: [1, row.dilation] });
      expect(flat(pooled.arraySync())).toEqual(expected);
    }),
  );
});

test('an average is over the image, over its padding too, or over what the divisor says', () => {
  fc.assert(
    fc.property(
      rows.map((row) => ({ ...row, dilation: 1 })),
      (row) => {
        const x = image(row.size);
        const data = x.dataSync();
        const inside = (low: number, high: number) => (at: readonly number[]) =>
          at.filter((position) => position >= low && position < high).length;
        const sums = windows(row).map((at) => at.reduce((sum, position) => sum + (data[position] ?? 0), 0));
        const close = (options: object, counts: readonly number[]): void => {
          const pooled = flat(avgPool2d(x, { ...optionsOf(row), ...options }).arraySync());
          expect(pooled.length).toBe(sums.length);
          for (const [window, value] of pooled.entries())
            expect(value).toBeCloseTo((sums[window] as number) / (counts[window] as number), 5);
        };
        close({}, windows(row).map(inside(0, row.size)));
        close({ countPadding: true }, windows(row).map(inside(-row.padding, row.size + row.padding)));
        close(
          { divisor: 3 },
          windows(row).map(() => 3),
        );
      },
    ),
  );
});

test('a dilated window that is larger than the image is refused', () => {
  expect(() => maxPool2d(image(3), { kernel: [1, 3], dilation: 2 })).toThrow(ShapeError);
});
