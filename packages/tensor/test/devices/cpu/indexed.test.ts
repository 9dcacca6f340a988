import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import { dtypeNames, dtypes, type DType } from '../../../src/dtype/dtype.ts';
import type { KernelSpec, ReduceOp } from '../../../src/kernel/spec.ts';
import { runOn } from '../run-on.ts';

const cpu = createCpuDevice();
const reference = createReferenceDevice();
const numeric = fc.constantFrom<DType>('f32', 'f64', 'f16', 'i32', 'u32', 'u8');
const any = fc.constantFrom(...dtypeNames);

/** Small multiples of a half: sums and products of a few are exact in every float dtype. */
function numbers(count: number, seed: number, dtype: DType): number[] {
  const scale = dtype.startsWith('f') ? 2 : 1;
  const values = dtype === 'bool' ? 2 : 9;
  return Array.from({ length: count }, (_, i) => ((Math.imul(i + seed, 2654435761) >>> 20) % values) / scale);
}

function agree(spec: KernelSpec, contents: readonly (readonly number[])[]): void {
  expect(cpu.accepts(spec)).toBe(true);
  expect(runOn(cpu, spec, contents)).toEqual(runOn(reference, spec, contents));
}

const size = fc.integer({ min: 0, max: 6 });

describe('scan', () => {
  test('agrees with the reference', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<ReduceOp>('sum', 'prod', 'max', 'min'),
        numeric,
        size,
        size,
        size,
        fc.nat(100),
        (op, dtype, outer, length, inner, seed) => {
          const count = outer * length * inner;
          const bindings = [{ dtype, access: 'read' } as const, { dtype, access: 'write' } as const];
          agree({ kind: 'scan', bindings, op, outer, length, inner }, [
            numbers(count, seed, dtype),
            new Array<number>(count).fill(0),
          ]);
        },
      ),
    );
  });
});

describe('sort', () => {
  const floats = fc.oneof(
    fc.constantFrom(
      0,
      -0,
      1,
      2,
      -1,
      3.5,
      NaN,
      Infinity,
      -Infinity,
      2 ** -24,
      -(2 ** -149),
      5e-324,
      65504,
      -3e38,
      1e300,
    ),
    fc.float(),
    fc.double(),
  );
  const integers = fc.oneof(fc.integer({ min: -130, max: 260 }), fc.integer());
  /** Short rows, those that are just not, and long ones. */
  const length = fc.oneof(fc.nat(12), fc.integer({ min: 36, max: 48 }), fc.integer({ min: 250, max: 600 }));

  test.each(dtypeNames)('agrees with the reference on %s, equal elements and NaN included', (dtype) => {
    const { kind } = dtypes[dtype];
    const value = dtype === 'bool' ? fc.nat(1) : kind === 'float' ? floats : integers;
    // Of few different numbers, so that many are equal, or of many.
    const different = fc.oneof(fc.array(value, { minLength: 1, maxLength: 5 }), fc.array(value, { minLength: 300 }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), length, fc.boolean(), different, (rows, width, descending, some) => {
        const count = rows * width;
        const list = Array.from(
          { length: count },
          (_, at) => some[(Math.imul(at, 2654435761) >>> 7) % some.length] ?? 0,
        );
        const bindings = [
          { dtype, access: 'read' } as const,
          { dtype, access: 'write' } as const,
          { dtype: 'i32', access: 'write' } as const,
        ];
        const zeros = new Array<number>(count).fill(0);
        agree({ kind: 'sort', bindings, rows, length: width, descending }, [list, zeros, zeros]);
      }),
    );
  });

  test('orders rows by themselves', () => {
    const bindings = [
      { dtype: 'i8', access: 'read' } as const,
      { dtype: 'i8', access: 'write' } as const,
      { dtype: 'i32', access: 'write' } as const,
    ];
    const zeros = [0, 0, 0, 0, 0, 0];
    const [, values, positions] = runOn(cpu, { kind: 'sort', bindings, rows: 2, length: 3, descending: true }, [
      [1, 3, 2, -1, -1, 5],
      zeros,
      zeros,
    ]);
    expect(values).toEqual([3, 2, 1, 5, -1, -1]);
    expect(positions).toEqual([1, 2, 0, 2, 0, 1]);
  });
});

describe('scatter-add', () => {
  test('agrees with the reference and drops indices outside', () => {
    fc.assert(
      fc.property(any, size, size, size, size, fc.nat(100), (dtype, outer, count, inner, length, seed) => {
        const total = outer * count * inner;
        const indices = numbers(total, seed + 3, 'i32').map((value) => value - 2);
        const bindings = [
          { dtype: 'i32', access: 'read' } as const,
          { dtype, access: 'read' } as const,
          { dtype, access: 'write' } as const,
        ];
        const spec: KernelSpec = {
          kind: 'scatter-add',
          bindings,
          outer,
          count,
          inner,
          length,
          index: { binding: 0, offset: 1, strides: [count * inner, inner, 1] },
          // The source is read transposed: [outer, inner, count] in memory.
          source: { binding: 1, offset: 0, strides: [count * inner, 1, count] },
          out: { binding: 2, offset: 0, strides: [length * inner, inner, 1] },
        };
        agree(spec, [[0, ...indices], numbers(total, seed, dtype), new Array<number>(outer * length * inner).fill(9)]);
      }),
    );
  });
});
