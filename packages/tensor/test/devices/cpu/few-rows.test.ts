// Products with few rows, or few columns, whose second operand is read where it lies.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { Engine } from '../../../src/devices/cpu/engine.ts';
import { DeviceMemory } from '../../../src/devices/cpu/memory/device-memory.ts';
import { compile } from '../../../src/devices/cpu/programs.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import type { MatmulSpec } from '../../../src/kernel/spec.ts';
import { matmulSpec } from '../matmul-spec.ts';
import { runOn } from '../run-on.ts';
import { ProgramDevice, runnerOn } from './program-device.ts';

const cpu = createCpuDevice();
const reference = createReferenceDevice();

interface Case {
  readonly spec: MatmulSpec;
  readonly contents: readonly (readonly number[])[];
}

/** Few rows by many columns, or the other way round, of matrices whose rows may lie apart, or in one place for all of a batch. */
const cases = (element: (at: number) => number): fc.Arbitrary<Case> =>
  fc.gen().map((draw) => {
    const upTo = (max: number): number => draw(fc.integer, { min: 1, max });
    const batch = draw(fc.boolean) ? [] : [upTo(3)];
    const [few, many] = [upTo(18), upTo(300)];
    const k = draw(fc.constantFrom, 1, 7, 8, 9, 16, 63, 64, 65, 130, 515);
    const [m, n] = draw(fc.boolean) ? [few, many] : [many, few];
    /** Steps of a matrix, by rows or by columns, and how many elements all of them take. */
    const place = (rows: number, columns: number, shared: boolean): { strides: number[]; length: number } => {
      const gap = draw(fc.constantFrom, 0, 0, 1, 5);
      const byRows = draw(fc.boolean);
      const step = (byRows ? columns : rows) + gap;
      const size = step * (byRows ? rows : columns);
      const strides = [...batch.map(() => (shared ? 0 : size)), ...(byRows ? [step, 1] : [1, step])];
      return { strides, length: shared ? size : size * (batch[0] ?? 1) };
    };
    const [a, b, out] = [place(m, k, draw(fc.boolean)), place(k, n, draw(fc.boolean)), place(m, n, false)];
    const spec: MatmulSpec = {
      ...matmulSpec({ batch, m, n, k }),
      a: { binding: 0, offset: 3, strides: a.strides },
      b: { binding: 1, offset: 1, strides: b.strides },
      out: { binding: 2, offset: 2, strides: out.strides },
    };
    const [left, right] = [filled(a.length + 3, 1, element), filled(b.length + 1, 7, element)];
    return { spec, contents: [left, right, new Array<number>(out.length + 4).fill(0)] };
  });

function filled(length: number, seed: number, element: (at: number) => number): number[] {
  return Array.from({ length }, (_, i) => element((Math.imul(i + seed, 2654435761) >>> 16) % 65_536));
}

/** A vector by a matrix, or the other way round, that is larger than what stays in a cache, row by row or column by column. */
const fromMemory = (element: (at: number) => number): fc.Arbitrary<Case> =>
  fc.gen().map((draw) => {
    const k = draw(fc.constantFrom, 512, 513, 1027, 2050, 16_400);
    const size = Math.ceil(2 ** 21 / k) + draw(fc.integer, { min: 1, max: 140 });
    const step = draw(fc.constantFrom, 1, 3);
    const gap = draw(fc.constantFrom, 0, 5);
    const isByRows = draw(fc.boolean);
    const [one, many] = [size + gap, k + gap];
    const matrix = isByRows ? [one, 1] : [1, many];
    const isOnTheRight = draw(fc.boolean);
    const spec = matmulSpec(isOnTheRight ? { m: 1, n: size, k } : { m: size, n: 1, k });
    const [x, w] = [
      { binding: isOnTheRight ? 0 : 1, offset: 1, strides: isOnTheRight ? [0, step] : [step, 0] },
      { binding: isOnTheRight ? 1 : 0, offset: 2, strides: isOnTheRight ? matrix : matrix.toReversed() },
    ];
    const [vector, whole] = [
      filled(1 + k * step, 1, element),
      filled(2 + (isByRows ? k * one : size * many), 7, element),
    ];
    return {
      spec: { ...spec, a: isOnTheRight ? x : w, b: isOnTheRight ? w : x },
      contents: [...(isOnTheRight ? [vector, whole] : [whole, vector]), new Array<number>(size).fill(0)],
    };
  });

describe('products with few rows', () => {
  // Every product and sum of small whole numbers is exact.
  test('are those of the reference, and nothing else is written', () => {
    fc.assert(
      fc.property(
        cases((at) => (at % 9) - 4),
        ({ spec, contents }) => {
          expect(runOn(cpu, spec, contents)).toEqual(runOn(reference, spec, contents));
        },
      ),
      { numRuns: 200 },
    );
  }, 120_000);

  test('of NaN and infinities are those of the reference', () => {
    const rare = [Number.NaN, Infinity, -Infinity, 0];
    fc.assert(
      fc.property(
        cases((at) => (at % 97 === 0 ? (rare[at % 4] as number) : (at % 5) - 2)),
        ({ spec, contents }) => {
          expect(runOn(cpu, spec, contents)).toEqual(runOn(reference, spec, contents));
        },
      ),
      { numRuns: 50 },
    );
  }, 60_000);

  test('of a matrix that comes from memory are those of the reference', () => {
    fc.assert(
      fc.property(
        fromMemory((at) => (at % 9) - 4),
        ({ spec, contents }) => {
          expect(runOn(cpu, spec, contents)).toEqual(runOn(reference, spec, contents));
        },
      ),
      { numRuns: 6 },
    );
  }, 120_000);

  test.each([
    [1, 300, 9000],
    [1, 1030, 9001],
    [1030, 1, 9003],
    [2, 200, 11_000],
    [5, 140, 17_000],
    [16, 130, 4100],
  ])('of %d rows, %d columns and %d terms do not drift', (m, n, k) => {
    const spec = matmulSpec({ m, n, k });
    const fill = (length: number, value: number): number[] => new Array<number>(length).fill(value);
    const contents = [fill(m * k, Math.fround(0.1)), fill(k * n, Math.fround(0.7)), fill(m * n, 0)];
    const exact = k * Math.fround(0.1) * Math.fround(0.7);
    for (const value of runOn(cpu, spec, contents)[2] as number[])
      expect(Math.abs(value - exact) / exact).toBeLessThan(520 * 2 ** -24);
  });
});

describe('their units', () => {
  let parts: ProgramDevice;
  beforeAll(async () => {
    parts = await ProgramDevice.open(({ views }) => ({ run: runnerOn(views), end: () => {} }));
  });
  afterAll(() => parts.dispose());

  test('are the same, apart or together', () => {
    fc.assert(
      fc.property(
        cases((at) => at / 65_536 - 0.5),
        ({ spec, contents }) => {
          expect(runOn(parts, spec, contents)).toEqual(runOn(cpu, spec, contents));
        },
      ),
      { numRuns: 50 },
    );
    expect(parts.divided).toBeGreaterThan(5);
  }, 60_000);

  test('are the same of a matrix that comes from memory', () => {
    fc.assert(
      fc.property(
        fromMemory((at) => at / 65_536 - 0.5),
        ({ spec, contents }) => {
          const before = parts.divided;
          expect(runOn(parts, spec, contents)).toEqual(runOn(cpu, spec, contents));
          expect(parts.divided).toBe(before + 1);
        },
      ),
      { numRuns: 4 },
    );
  }, 120_000);

  test.each([
    ['columns of one row', matmulSpec({ m: 1, n: 1024, k: 1024 }), 8],
    ['blocks of rows of a matrix from memory', matmulSpec({ m: 1, n: 4096, k: 4096 }), 8],
    ['columns of eight rows', matmulSpec({ m: 8, n: 1024, k: 1024 }), 8],
    ['columns in a batch', matmulSpec({ batch: [3], m: 4, n: 300, k: 20 }), 9],
  ] as const)('are %s', (_, spec, units) => {
    expect(compile(spec, new Engine(new DeviceMemory())).range).toBe(units);
  });
});
