/** What holds of means of integers on a device: they are those of exact sums, rounded once or twice. */
import { fromTyped, type Device } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const integers = {
  i32: (values: readonly number[]) => Int32Array.from(values),
  u32: (values: readonly number[]) => Uint32Array.from(values),
  i8: (values: readonly number[]) => Int8Array.from(values),
  u8: (values: readonly number[]) => Uint8Array.from(values),
} as const;

/** The digits that cancel are those that f32 rounds away. */
const cancelling: readonly (readonly number[])[] = [
  [16777217, 16777217],
  [16777217, -16777216],
  [2147483647, -2147483647, 3],
  [-2147483648, 2147483647],
  [-1, 1],
  [255, -256],
];

/** Registers the tests for the device that `open` gives; `runs` cases where FC_RUNS does not say. */
export function integerMeanLaws(open: () => Promise<Device> | Device, runs: number): void {
  const expectMean = async (data: Int32Array | Uint32Array | Int8Array | Uint8Array): Promise<void> => {
    const device = await open();
    const exact = Number(Array.from(data, BigInt).reduce((sum, value) => sum + value, 0n)) / data.length;
    const columns = fromTyped(data, [data.length, 1], { device });
    for (const mean of [columns.mean(), columns.expand(data.length, 5).mean(0).select(0, 4)])
      expect(Math.abs((await mean.item()) - exact), data.join()).toBeLessThanOrEqual(2 ** -22 * Math.abs(exact));
  };

  test('means of integers that cancel keep their digits', async () => {
    for (const values of cancelling) await expectMean(integers.i32(values));
    await expectMean(integers.u32([4294967295, 1, 4294967295]));
    await expectMean(new Uint8Array(100_000).fill(255));
    await expectMean(Int32Array.from({ length: 100_001 }, (_, i) => (i % 2 === 0 ? 1 : -1) * (2_000_000_000 + i)));
  });

  test.each(Object.keys(integers) as (keyof typeof integers)[])(
    'means of %s are those of exact sums',
    async (dtype) => {
      const element = fc.oneof(fc.integer(), fc.integer({ min: -3, max: 3 }), fc.constantFrom(2147483647, -2147483648));
      await fc.assert(
        fc.asyncProperty(fc.array(element, { minLength: 1, maxLength: 40 }), (values) =>
          expectMean(integers[dtype](values)),
        ),
        { numRuns: fc.readConfigureGlobal().numRuns ?? runs },
      );
    },
  );
}
