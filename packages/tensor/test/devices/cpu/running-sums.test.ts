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

test('running sums of halves lose little beside their rounding, however much cancels', () => {
  const { encode, decode } = dtypes.f16;
  const half = fc.float({ min: -1000, max: 1000, noNaN: true }).map((value) => decode(encode(value)));
  fc.assert(
    fc.property(fc.array(half, { minLength: 1, maxLength: 90 }), fc.boolean(), (values, cancels) => {
      const input = cancels ? values.flatMap((value) => [value, -value]) : values;
      const bindings = [
        { dtype: 'f16', access: 'read' },
        { dtype: 'f16', access: 'write' },
      ] as const;
      const spec: ScanSpec = { kind: 'scan', bindings, op: 'sum', outer: 1, length: input.length, inner: 1 };
      const actual = runOn(cpu, spec, [input, input.length])[1] as number[];
      let [sum, magnitude] = [0, 0];
      for (const [i, value] of input.entries()) {
        sum += value;
        magnitude += Math.abs(value);
        if (Math.abs(sum) > 65000) return;
        const rounding = Math.max(Math.abs(sum) * 2 ** -11, 2 ** -25);
        expect(Math.abs((actual[i] as number) - sum)).toBeLessThanOrEqual(rounding + 6 * 2 ** -24 * magnitude);
      }
    }),
  );
});
