import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkCourse, courseAt, showCourse } from '../../src/distill/course.ts';

const value = fc.double({ min: 0.1, max: 20, noNaN: true });
const time = fc.double({ min: 0, max: 1, noNaN: true });

test('a course begins and ends where it says, and never leaves what lies between', () => {
  fc.assert(
    fc.property(
      value,
      value,
      fc.constantFrom('linear', 'cosine'),
      time,
      time,
      fc.integer({ min: 2, max: 50 }),
      (from, to, shape, one, other, steps) => {
        const course = { from, to, shape, begin: Math.min(one, other), end: Math.max(one, other) } as const;
        const values = Array.from({ length: steps }, (_, step) => courseAt(course, step, steps));
        expect(values.at(-1)).toBe(to);
        if (course.end > 0) expect(values[0]).toBe(from);
        const [low, high] = [Math.min(from, to), Math.max(from, to)];
        for (const each of values) {
          expect(each).toBeGreaterThanOrEqual(low - 1e-9);
          expect(each).toBeLessThanOrEqual(high + 1e-9);
        }
        const sorted = values.toSorted((a, b) => (from < to ? a - b : b - a));
        expect(values).toEqual(sorted);
      },
    ),
  );
});

test('half way, a line and half a cosine meet; a quarter of the way they do not', () => {
  const at = (shape: 'linear' | 'cosine', step: number): number => courseAt({ from: 0, to: 1, shape }, step, 5);
  expect([at('linear', 1), at('linear', 2)]).toEqual([0.25, 0.5]);
  expect(at('cosine', 2)).toBeCloseTo(0.5, 12);
  expect(at('cosine', 1)).toBeCloseTo((1 - Math.SQRT1_2) / 2, 12);
});

test.each<[unknown, RegExp]>([
  ['4', /distill: temperature is "4"; it must be a number above 0/u],
  [{ from: 4 }, /distill\.temperature: to is undefined/u],
  [{ from: 4, to: 0 }, /distill\.temperature: to is 0/u],
  [{ from: 4, to: 1, shape: 'cubic' }, /shape is "cubic"; it must be one of linear, cosine/u],
  [{ from: 4, to: 1, begin: 0.5, end: 0.2 }, /it ends at 0\.2, before it begins at 0\.5/u],
  [{ from: 4, to: 1, until: 1 }, /'until' is no option/u],
])('the course %j is refused', (course, message) => {
  expect(() => checkCourse('distill', 'temperature', course, { above: 0 })).toThrow(message);
});

test('a course is told in a word', () => {
  expect([showCourse(4), showCourse({ from: 8, to: 2 }), showCourse({ from: 8, to: 2, shape: 'cosine' })]).toEqual([
    '4',
    '8 to 2',
    '8 to 2 by cosine',
  ]);
});
