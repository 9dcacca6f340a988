import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeValues, encodeValues } from '../../src/quantize/codes.ts';
import { numberFormat, scaleOf } from '../../src/quantize/number-format.ts';
import { roundHalfToEven } from '../../src/quantize/rounding.ts';
import { at } from '../helpers/at.ts';

const int8 = numberFormat('int8');
const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e30), max: Math.fround(1e30) });
const values = fc.array(finite, { minLength: 1, maxLength: 80 }).map((all) => Float32Array.from(all));

describe('roundHalfToEven', () => {
  test.each([
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [-0.5, 0],
    [-1.5, -2],
    [-2.5, -2],
    [2.4999, 2],
    [-2.5001, -3],
    [127.5, 128],
  ])('%d → %d', (from, to) => {
    expect(roundHalfToEven(from) + 0).toBe(to);
  });
});

describe('symmetric int8', () => {
  test('every value comes back within half a scale', () => {
    fc.assert(
      fc.property(values, (all) => {
        const extent = Math.max(...all.map(Math.abs));
        const scale = scaleOf({ minimum: -extent, maximum: extent }, int8);
        const codes = encodeValues(all, Float32Array.of(scale), int8);
        const back = decodeValues(codes, Float32Array.of(scale));
        for (const [index, value] of all.entries()) {
          expect(Math.abs(at(back, index) - value)).toBeLessThanOrEqual((scale / 2) * (1 + 2 ** -16));
          if (value === 0) expect(back[index]).toBe(0);
          expect(codes[index]).toBeGreaterThanOrEqual(-127);
        }
      }),
    );
  });

  test('quantizing what was quantized changes nothing', () => {
    fc.assert(
      fc.property(values, finite, (all, extent) => {
        const scale = scaleOf({ minimum: -Math.abs(extent), maximum: 0 }, int8);
        const scales = Float32Array.of(scale);
        const once = encodeValues(all, scales, int8);
        expect(encodeValues(decodeValues(once, scales), scales, int8)).toEqual(once);
      }),
    );
  });

  test('each channel has its own scale', () => {
    const codes = encodeValues(Float32Array.of(1, -2, 3, 100, 200, -300), Float32Array.of(1, 100), int8);
    expect([...codes]).toEqual([1, -2, 3, 1, 2, -3]);
    expect([...decodeValues(codes, Float32Array.of(1, 100))]).toEqual([1, -2, 3, 100, 200, -300]);
  });

  test('what lies outside the range is clamped', () => {
    expect([...encodeValues(Float32Array.of(500, -500), Float32Array.of(1), int8)]).toEqual([127, -127]);
  });

  test('an empty or tiny range has a usable scale', () => {
    expect(scaleOf({ minimum: 0, maximum: 0 }, int8)).toBe(1);
    expect(scaleOf({ minimum: 0, maximum: 1e-44 }, int8)).toBe(2 ** -126);
  });
});
