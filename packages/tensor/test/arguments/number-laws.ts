/** What numbers beside tensors mean, on any device. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ArgumentError, DTypeError, dtypes, tensor, type Device, type DType } from '../../src/index.ts';

const comparisons = {
  eq: (a: number, b: number) => a === b,
  ne: (a: number, b: number) => a !== b,
  lt: (a: number, b: number) => a < b,
  le: (a: number, b: number) => a <= b,
  gt: (a: number, b: number) => a > b,
  ge: (a: number, b: number) => a >= b,
} as const;
const names = Object.keys(comparisons) as (keyof typeof comparisons)[];
const integers: readonly DType[] = ['i32', 'u32', 'i8', 'u8', 'bool'];

/** Elements of a dtype, its ends among them. */
function elements(dtype: DType): fc.Arbitrary<number[]> {
  const { min, max } = dtypes[dtype];
  return fc.array(fc.oneof(fc.constantFrom(min, max, 0), fc.integer({ min, max })), { minLength: 1, maxLength: 8 });
}

const anyNumber = fc.oneof(
  fc.double(),
  fc.integer({ min: -300, max: 300 }),
  fc.integer({ min: -300, max: 300 }).map((value) => value / 2),
  fc.constantFrom(
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    -(2 ** 31) - 1,
    2 ** 32 - 1,
    2 ** 32,
    3e9,
    1e300,
    Infinity,
    -Infinity,
    NaN,
    0.5,
  ),
);

/** The laws of numbers and of mixed integers on one device. */
export function numberLaws(device: () => Device | Promise<Device>, numRuns = 60): void {
  test('integers compare with any number as mathematics has it', async () => {
    const on = await device();
    const drawn = fc.constantFrom(...integers).chain((dtype) => fc.tuple(fc.constant(dtype), elements(dtype)));
    await fc.assert(
      fc.asyncProperty(drawn, anyNumber, fc.constantFrom(...names), async ([dtype, values], number, name) => {
        const answers = await tensor(values, { dtype, device: on })[name](number).data();
        expect([...answers]).toEqual(values.map((value) => Number(comparisons[name](value, number))));
      }),
      { numRuns },
    );
  });

  test('u32 and signed integers compare as mathematics has it', async () => {
    const on = await device();
    await fc.assert(
      fc.asyncProperty(
        elements('u32'),
        fc.constantFrom<DType>('i32', 'i8'),
        fc.constantFrom(...names),
        fc.infiniteStream(fc.integer()),
        async (unsigned, dtype, name, more) => {
          const signed = unsigned.map(() => dtypes[dtype].round(Number(more.next().value)));
          const [a, b] = [tensor(unsigned, { dtype: 'u32', device: on }), tensor(signed, { dtype, device: on })];
          const at = (list: readonly number[], index: number): number => list[index] as number;
          expect([...(await a[name](b).data())]).toEqual(
            unsigned.map((value, index) => Number(comparisons[name](value, at(signed, index)))),
          );
          expect([...(await b[name](a).data())]).toEqual(
            unsigned.map((value, index) => Number(comparisons[name](at(signed, index), value))),
          );
        },
      ),
      { numRuns },
    );
  });

  test('a number beyond the floats lies between the largest of them and infinity', async () => {
    const on = await device();
    const halves = tensor([Infinity, 65504, -65504, -Infinity, NaN], { dtype: 'f16', device: on });
    expect([...(await halves.le(1e6).data())]).toEqual([0, 1, 1, 1, 0]);
    expect([...(await halves.gt(1e6).data())]).toEqual([1, 0, 0, 0, 0]);
    expect([...(await halves.lt(-1e6).data())]).toEqual([0, 0, 0, 1, 0]);
    expect([...(await halves.ne(1e6).data())]).toEqual([1, 1, 1, 1, 1]);
  });

  test('integers are limited by any bounds, or the bounds are refused', async () => {
    const on = await device();
    const drawn = fc
      .constantFrom(...integers.slice(0, 4))
      .chain((dtype) => fc.tuple(fc.constant(dtype), elements(dtype)));
    const bound = fc.oneof(fc.integer({ min: -300, max: 300 }), fc.constantFrom(-3e9, 3e9, 5e9, Infinity, -Infinity));
    await fc.assert(
      fc.asyncProperty(drawn, bound, bound, async ([dtype, values], a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const { min, max } = dtypes[dtype];
        const limited = (): Promise<ArrayLike<number>> => tensor(values, { dtype, device: on }).clamp(low, high).data();
        if (low > max || high < min) await expect(async () => limited()).rejects.toThrow(ArgumentError);
        else expect(Array.from(await limited())).toEqual(values.map((value) => Math.min(Math.max(value, low), high)));
      }),
      { numRuns },
    );
  });

  test('arithmetic takes a number that the dtype holds, a fraction as f32, and refuses the rest', async () => {
    const on = await device();
    const bytes = tensor([0, 1, 255], { dtype: 'u8', device: on });
    expect(() => bytes.add(300)).toThrow('add: 300 is no u8, which holds the integers from 0 to 255');
    for (const refused of [
      () => bytes.mul(-1),
      () => bytes.maximum(256),
      () => bytes.floorDivide(1e300),
      () => bytes.bitwiseAnd(256),
      () => bytes.where(bytes.gt(0), -1),
      () => bytes.maskedFill(bytes.gt(0), 256),
      () => bytes.pad([[1, 1]], 0.5),
      () => bytes.filled([2], Number.NaN),
    ])
      expect(refused).toThrow(ArgumentError);
    expect(bytes.mul(0.5).dtype).toBe('f32');
    expect([...(await bytes.mul(0.5).data())]).toEqual([0, 0.5, 127.5]);
    // Division and powers make floats of integers first.
    expect([...(await bytes.div(-510).data())].map(Math.abs)).toEqual([0, Math.fround(1 / 510), 0.5]);
    expect([...(await bytes.logicalAnd(256).data())]).toEqual([0, 1, 1]);
    expect(() => bytes.cast('u32').add(bytes.cast('i32'))).toThrow(DTypeError);
  });
}
