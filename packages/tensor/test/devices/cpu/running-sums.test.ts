import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCpuDevice } from '../../../src/devices/cpu/cpu-device.ts';
import { createReferenceDevice } from '../../../src/devices/reference/reference-device.ts';
import { dtypes, type DType } from '../../../src/dtype/dtype.ts';
import type { ScanSpec } from '../../../src/kernel/spec.ts';
import { runOn } from '../run-on.ts';

const cpu = createCpuDevice();
const reference = createReferenceDevice();
/** What rounding an element is off by, and what it is off by twice. */
const roundings: Readonly<Partial<Record<DType, number>>> = { f32: 2 ** -23, f16: 2 ** -10, bf16: 2 ** -7 };

const size = fc.oneof(fc.nat(5), fc.integer({ min: 14, max: 70 }));
const some = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.float({ min: -9, max: 9, noNaN: true }) },
    fc.constantFrom(NaN, Infinity, -Infinity, -0),
  ),
  {
    minLength: 1,
    maxLength: 60,
  },
);

test('running sums along rows and columns of any number agree with the reference', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<DType>('f32', 'f16', 'bf16'),
      fc.tuple(fc.integer({ min: 0, max: 3 }), size, fc.oneof(fc.constant(1), size)),
      some,
      (dtype, [outer, length, inner], values) => {
        const count = outer * length * inner;
        const { encode, decode } = dtypes[dtype];
        const input = Array.from({ length: count }, (_, i) =>
          decode(encode(values[(i * 7) % values.length] as number)),
        );
        const bindings = [
          { dtype, access: 'read' },
          { dtype, access: 'write' },
        ] as const;
        const spec: ScanSpec = { kind: 'scan', bindings, op: 'sum', outer, length, inner };
        const [actual, expected] = [cpu, reference].map((device) => runOn(device, spec, [input, count])[1] ?? []) as [
          number[],
          number[],
        ];
        const most = Math.max(1, ...expected.map((value) => Math.abs(value)).filter(Number.isFinite));
        for (const [i, value] of expected.entries()) {
          if (!Number.isFinite(value)) expect(actual[i]).toBe(value);
          else expect(Math.abs((actual[i] as number) - value)).toBeLessThanOrEqual((roundings[dtype] ?? 0) * most);
        }
      },
    ),
    { numRuns: 200 },
  );
});
