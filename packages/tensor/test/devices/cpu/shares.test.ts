import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { keepValues } from '../../../src/devices/cpu/loop/kept-values.ts';
import { plainMaxima } from '../../../src/devices/cpu/loop/plain-maxima.ts';
import { shareFunction } from '../../../src/devices/cpu/loop/shares.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import { dtypes, type DType } from '../../../src/dtype/dtype.ts';
import type { LoopInstruction, LoopSpec } from '../../../src/kernel/spec.ts';
import { runOn } from '../run-on.ts';

const cpu = createCpuDevice();

interface Kind {
  readonly dtype?: DType;
  readonly to?: DType;
  readonly fold?: 'max' | 'min';
  readonly other?: 0 | 1;
}

/** exp(x - fold(y)) of rows, x and y being the elements of the bindings 0 and `other`. */
function exponentials(
  [rows, points]: readonly [number, number],
  { dtype = 'f32', to = 'f32', fold = 'max', other = 0 }: Kind = {},
): LoopSpec {
  const load = (binding: number): LoopInstruction => ({
    kind: 'load',
    access: { binding, offset: 0, strides: [points, 1] },
    dtype: 'f32',
  });
  return {
    kind: 'loop',
    bindings: [
      { dtype, access: 'read' },
      { dtype, access: 'read' },
      { dtype: to, access: 'write' },
    ],
    outer: [rows],
    inner: [points],
    body: [
      load(0),
      load(1),
      { kind: 'reduce', op: fold, arg: other, dtype: 'f32' },
      { kind: 'scalar', op: 'sub', args: [0, 2], dtype: 'f32' },
      { kind: 'scalar', op: 'exp', args: [3], dtype: 'f32' },
      { kind: 'store', access: { binding: 2, offset: 0, strides: [points, 1] }, arg: 4, each: 'point' },
    ],
  };
}

const sharesIn = (spec: LoopSpec): number =>
  spec.body.filter((_, position) => shareFunction(spec, position) !== undefined).length;

describe('exponentials of what a maximum was taken off', () => {
  test('are found, also where the elements are kept for a later walk', () => {
    expect(sharesIn(exponentials([4, 100]))).toBe(1);
    const { spec, scratchBytes } = keepValues(exponentials([4, 100], { dtype: 'f16' }));
    expect(scratchBytes).toBe(400);
    expect(sharesIn(spec)).toBe(1);
  });

  test('are none where it is the maximum of others, or no maximum', () => {
    expect(sharesIn(exponentials([4, 100], { other: 1 }))).toBe(0);
    expect(sharesIn(exponentials([4, 100], { fold: 'min' }))).toBe(0);
  });

  test('are computed by a shorter function where all that is stored is f16', () => {
    const functionsIn = (kind: Kind): (string | undefined)[] => {
      const { spec } = keepValues(exponentials([4, 100], kind));
      return spec.body.flatMap((_, position) => shareFunction(spec, position) ?? []);
    };
    expect(functionsIn({ dtype: 'f16', to: 'f16' })).toEqual(['shareF16']);
    expect(functionsIn({ dtype: 'f16', to: 'f32' })).toEqual(['share']);
    expect(functionsIn({ dtype: 'bf16', to: 'bf16' })).toEqual(['share']);
  });

  test('are, rounded to f16, within half an ulp and a 200th, and 1 for the largest', () => {
    const row = Array.from({ length: 40_000 }, (_, i) => Math.fround(-i / 2000));
    row.push(-Infinity, -200);
    const [, , found = []] = runOn(cpu, exponentials([1, row.length], { to: 'f16' }), [row, row.length, row.length]);
    expect(found[0]).toBe(1);
    expect(found.slice(-2)).toEqual([0, 0]);
    for (const [i, value] of row.entries()) {
      const exact = Math.exp(value);
      const ulp = Math.max(2 ** -24, 2 ** (Math.floor(Math.log2(exact)) - 10));
      if (Math.abs((found[i] as number) - exact) > 0.505 * ulp) expect([value, found[i]]).toEqual([value, exact]);
    }
  });

  test('are within 2 ulp, subnormal numbers included', () => {
    const element = fc.oneof(
      fc.float({ min: -110, max: 0, noNaN: true }),
      fc.constantFrom(0, -87.5, -103.9, -104.5, -1000, -Infinity, NaN),
    );
    fc.assert(
      fc.property(
        fc.array(element, { minLength: 1, maxLength: 90 }),
        fc.float({ min: -3, max: 3, noNaN: true }),
        (values, top) => {
          const row = [...values.map((value) => Math.fround(value + top)), top];
          const [, , found] = runOn(cpu, exponentials([1, row.length]), [row, row.length, row.length]);
          const isWrong = row.some(Number.isNaN);
          for (const [i, value] of row.entries()) {
            const exact = isWrong ? Number.NaN : Math.exp(Math.fround(value - top));
            const ulp = Math.max(2 ** -149, 2 ** (Math.floor(Math.log2(exact)) - 23));
            if (Number.isNaN(exact)) expect(found?.[i]).toBeNaN();
            else expect(Math.abs((found?.[i] as number) - exact) / ulp).toBeLessThanOrEqual(2);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** exp(x - max(x)) divided by its sum, or what else `last` makes of the step with the exponentials, 4, and the sum, 5. */
function divided(
  [rows, points]: readonly [number, number],
  dtype: DType,
  last: readonly LoopInstruction[] = [{ kind: 'scalar', op: 'div', args: [4, 5], dtype: 'f32' }],
): LoopSpec {
  const { body, ...spec } = exponentials([rows, points], { dtype });
  const [store] = body.slice(-1) as [Extract<LoopInstruction, { kind: 'store' }>];
  const sum: LoopInstruction = { kind: 'reduce', op: 'sum', arg: 4, dtype: 'f32' };
  return { ...spec, body: [...body.slice(0, -1), sum, ...last, { ...store, arg: 5 + last.length }] };
}

describe('maxima that need not know of what is no number', () => {
  test('are those whose differences meet the sum of their exponentials, kept or not', () => {
    expect([...plainMaxima(divided([4, 100], 'f32'))]).toEqual([2]);
    const { spec } = keepValues(divided([4, 100], 'f16'));
    expect(plainMaxima(spec).size).toBe(1);
    const logarithm: readonly LoopInstruction[] = [
      { kind: 'scalar', op: 'log', args: [5], dtype: 'f32' },
      { kind: 'scalar', op: 'sub', args: [3, 6], dtype: 'f32' },
    ];
    expect(plainMaxima(divided([4, 100], 'f32', logarithm)).size).toBe(1);
  });

  test('are none where something else comes of them', () => {
    expect(plainMaxima(exponentials([4, 100])).size).toBe(0);
    const chosen: readonly LoopInstruction[] = [
      { kind: 'scalar', op: 'lt', args: [4, 5], dtype: 'bool' },
      { kind: 'scalar', op: 'select', args: [6, 4, 5], dtype: 'f32' },
    ];
    expect(plainMaxima(divided([4, 100], 'f32', chosen)).size).toBe(0);
    const difference: readonly LoopInstruction[] = [{ kind: 'scalar', op: 'add', args: [3, 2], dtype: 'f32' }];
    expect(plainMaxima(divided([4, 100], 'f32', difference)).size).toBe(0);
  });

  test('give what the reference gives, whatever is no number and wherever', () => {
    const reference = createReferenceDevice();
    const element = fc.oneof(
      { weight: 12, arbitrary: fc.float({ min: -30, max: 30, noNaN: true }) },
      fc.constantFrom(0, -0, -Infinity, Infinity, NaN),
    );
    fc.assert(
      fc.property(
        fc.constantFrom<DType>('f32', 'f16'),
        fc.integer({ min: 1, max: 150 }),
        fc.array(element, { minLength: 1, maxLength: 200 }),
        (dtype, points, values) => {
          const { encode, decode } = dtypes[dtype];
          const input = Array.from({ length: 3 * points }, (_, i) =>
            decode(encode(values[i % values.length] as number)),
          );
          const [found, expected] = [cpu, reference].map(
            (device) => runOn(device, divided([3, points], dtype), [input, input.length, input.length])[2],
          ) as [number[], number[]];
          for (const [i, value] of expected.entries()) {
            if (Number.isNaN(value)) expect(found[i]).toBeNaN();
            else expect(Math.abs((found[i] as number) - value)).toBeLessThanOrEqual(1e-5 * value + 2 ** -140);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
