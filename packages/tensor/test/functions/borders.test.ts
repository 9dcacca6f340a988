import { ArgumentError, gradients, ShapeError, tensor, type BorderMode } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const modulo = (a: number, n: number): number => ((a % n) + n) % n;

/** Where position `at` of the padded axis, counted from the axis itself, comes from. */
const origins: Readonly<Record<BorderMode, (at: number, size: number) => number>> = {
  reflect: (at, size) => (at < 0 ? -at : at >= size ? 2 * (size - 1) - at : at),
  replicate: (at, size) => Math.min(Math.max(at, 0), size - 1),
  circular: (at, size) => modulo(at, size),
};
const most: Readonly<Record<BorderMode, (size: number) => number>> = {
  reflect: (size) => size - 1,
  replicate: () => 4,
  circular: (size) => size,
};

describe.each(Object.keys(origins) as BorderMode[])('padding by %s', (mode) => {
  const border = fc.integer({ min: 1, max: 5 }).chain((size) =>
    fc.record({
      size: fc.constant(size),
      before: fc.integer({ min: 0, max: most[mode](size) }),
      after: fc.integer({ min: 0, max: most[mode](size) }),
    }),
  );

  test('takes each element from where the mode says, and gives its gradient back there', () => {
    fc.assert(
      fc.property(border, ({ size, before, after }) => {
        const x = tensor(Array.from({ length: size }, (_, index) => index)).requiresGradients();
        const padded = x.pad([[before, after]], { mode });
        const from = Array.from({ length: before + size + after }, (_, at) => origins[mode](at - before, size));
        expect(padded.arraySync()).toEqual(from);
        const [slope] = gradients(padded.sum(), [x]);
        expect(slope.arraySync()).toEqual(
          Array.from({ length: size }, (_, index) => from.filter((origin) => origin === index).length),
        );
      }),
    );
  });
});

test('an axis that is too short for a border is named, with how much it has', () => {
  const x = tensor([[1, 2]]);
  expect(() => x.pad([[0, 2]], { mode: 'reflect' })).toThrow('pad by at most 1');
  expect(() => x.pad([[3, 0]], { mode: 'circular' })).toThrow(ShapeError);
  expect(() => x.slice([0, 2]).pad([[1, 0]], { mode: 'replicate' })).toThrow(ShapeError);
});

test('a mode that does not exist is refused', () => {
  expect(() => tensor([1]).pad([[1, 1]], { mode: 'mirror' as 'reflect' })).toThrow(ArgumentError);
});
