import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import { dtypes, type DType } from '../../../src/dtype/dtype.ts';
import type { ScatterAddSpec } from '../../../src/kernel/spec.ts';
import { runOn } from '../run-on.ts';

const cpu = createCpuDevice();
const reference = createReferenceDevice();
/** What adding up the terms of a row may be off by, relative to the sum of their magnitudes. */
const bounds: Readonly<Partial<Record<DType, number>>> = { f32: 72 * 2 ** -24, f16: 2 ** -10, bf16: 2 ** -7 };

const size = fc.oneof(fc.nat(3), fc.integer({ min: 14, max: 70 }));
const some = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.float({ min: -9, max: 9, noNaN: true }) },
    fc.constantFrom(NaN, Infinity, -Infinity, -0),
  ),
  { minLength: 1, maxLength: 60 },
);

test('rows of floats added to rows agree with the reference', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<DType>('f32', 'f16', 'bf16'),
      fc.tuple(fc.nat(2), fc.oneof(fc.nat(3), fc.integer({ min: 60, max: 200 })), size),
      fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 60, max: 140 })),
      fc.array(fc.integer({ min: -3, max: 142 }), { minLength: 1, maxLength: 40 }),
      some,
      (dtype, [outer, count, inner], length, places, values) => {
        const { encode, decode } = dtypes[dtype];
        const number = (i: number): number => decode(encode(values[(i * 7) % values.length] as number));
        const gap = 2;
        const source = Array.from({ length: 1 + outer * count * (inner + gap) }, (_, i) => number(i));
        const index = Array.from({ length: 3 + outer * count }, (_, i) => places[i % places.length] as number);
        const spec: ScatterAddSpec = {
          kind: 'scatter-add',
          bindings: [
            { dtype: 'i32', access: 'read' },
            { dtype, access: 'read' },
            { dtype, access: 'write' },
          ],
          outer,
          count,
          inner,
          length,
          index: { binding: 0, offset: 3, strides: [count, 1, 0] },
          // Rows lie apart.
          source: { binding: 1, offset: 1, strides: [count * (inner + gap), inner + gap, 1] },
          out: { binding: 2, offset: 0, strides: [length * inner, inner, 1] },
        };
        const into = (contents: readonly number[], device: typeof cpu): number[] =>
          runOn(device, spec, [index, contents, new Array<number>(outer * length * inner).fill(9)])[2] ?? [];
        const [actual, expected] = [into(source, cpu), into(source, reference)];
        const magnitudes = into(
          source.map((value) => (Number.isFinite(value) ? Math.abs(value) : 0)),
          reference,
        );
        for (const [i, value] of expected.entries()) {
          if (!Number.isFinite(value)) expect(actual[i]).toBe(value);
          else
            expect(Math.abs((actual[i] as number) - value)).toBeLessThanOrEqual(
              (bounds[dtype] ?? 0) * (magnitudes[i] as number) * 1.01 + 2 ** -24,
            );
        }
      },
    ),
    { numRuns: 200 },
  );
});
