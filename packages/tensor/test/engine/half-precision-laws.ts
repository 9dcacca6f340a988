/** What holds of 16-bit floats on a device: they are counted in f32, and casts round wherever they stand. */
import {
  batchNorm,
  crossEntropy,
  dtypes,
  fromTyped,
  full,
  Generator,
  gradients,
  layerNorm,
  ones,
  scope,
  uniform,
  withDevice,
  type Device,
  type DType,
  type Tensor,
} from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const halves = ['f16', 'bf16'] as const;
const narrow = [...halves, 'i8', 'u8'] as const;

/** Registers the tests for the device that `open` gives; `many` is a number of elements that halves cannot count. */
export function halfPrecisionLaws(open: () => Promise<Device> | Device, many: number): void {
  const read = async (make: () => Tensor): Promise<Float64Array> => {
    const device = await open();
    const result = withDevice(device, () => scope(make));
    const data = Float64Array.from(await result.data());
    result.dispose();
    return data;
  };

  test.each(halves)(`means, norms and losses of ${many} elements of %s`, async (dtype) => {
    const like = (value: number): Tensor => full([many], value, { dtype });
    expect([...(await read(() => like(1).mean()))]).toEqual([1]);
    expect([...(await read(() => like(1).add(1).mul(0.5).mean()))]).toEqual([1]);
    expect([...(await read(() => like(2 ** -4).norm()))]).toEqual([dtypes[dtype].round(Math.sqrt(many) / 16)]);
    expect([...(await read(() => like(300).square().mean().sqrt().cast('f32').isNaN().cast('f32')))]).toEqual([0]);
    expect([...(await read(() => like(1).logSumExp()))][0]).toBeCloseTo(Math.log(many) + 1, dtype === 'f16' ? 2 : 1);
    expect([...(await read(() => like(3).var()))]).toEqual([0]);
    const shares = await read(() => ones([2 ** 15], { dtype }).softmax(0));
    expect(shares.every((share) => share === 2 ** -15)).toBe(true);
    const loss = await read(() =>
      crossEntropy(ones([70_000, 2], { dtype }), full([70_000], 0, { dtype: 'i32' }), { ignoreIndex: 1 }),
    );
    expect(loss[0]).toBeCloseTo(Math.LN2, 2);
  });

  test.each(halves)('losses of %s are those of f32, rounded once', async (dtype) => {
    const scores = Float32Array.from({ length: 7 * 300 }, (_, i) => ((i * 389) % 1800) / 100 - 9);
    const logits = (): Tensor => fromTyped(scores, [7, 300]).cast(dtype);
    const targets = (): Tensor =>
      fromTyped(
        Int32Array.from({ length: 7 }, (_, row) => row * 41),
        [7],
      );
    const gradient = (x: Tensor): Tensor => {
      const leaf = x.detach().requiresGradients();
      return gradients(crossEntropy(leaf, targets(), { reduction: 'sum' }), [leaf])[0];
    };
    for (const of of [(x: Tensor): Tensor => crossEntropy(x, targets(), { reduction: 'none' }), gradient]) {
      const own = await read(() => of(logits()));
      const wide = await read(() => of(logits().cast('f32')));
      // Both round their sums, too.
      const rounding = 1.01 * (dtype === 'f16' ? 2 ** -11 : 2 ** -8);
      for (const [i, value] of wide.entries())
        expect(Math.abs((own[i] as number) - value)).toBeLessThanOrEqual(rounding * Math.abs(value) + 2 ** -25);
    }
  });

  test.each(halves)('normalisations of %s far from zero', async (dtype) => {
    const values = dtype === 'f16' ? [2048, 2050, 2052] : [256, 258, 260];
    const x = (): Tensor => fromTyped(Float32Array.from(values), [1, 3]).cast(dtype);
    const expected = [-Math.sqrt(1.5), 0, Math.sqrt(1.5)];
    for (const normal of [
      await read(() => layerNorm(x())),
      await read(() => batchNorm(x().reshape(3, 1)).output.flatten()),
    ])
      for (const [i, value] of normal.entries()) expect(value).toBeCloseTo(expected[i] as number, 2);
  });

  test('a cast down and up again rounds and wraps, fused or not', async () => {
    const value = fc.oneof(
      fc.float({ noDefaultInfinity: true, noNaN: true, min: Math.fround(-70000), max: 70000 }),
      fc.integer({ min: -300, max: 300 }).map((n) => Math.fround(n / 3)),
      fc.constantFrom(
        65519,
        65520,
        65504,
        2 ** -14,
        2 ** -24,
        1.5 * 2 ** -24,
        2 ** -25,
        Infinity,
        -Infinity,
        NaN,
        3e38,
        -0,
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 40 }), async (values) => {
        const data = Float32Array.from(values);
        const input = (): Tensor => fromTyped(data, [data.length]);
        for (const dtype of narrow) {
          const integer = !halves.some((half) => half === dtype);
          // Integers of 8 bits wrap within 32 bits.
          const finite = (): Tensor => (integer ? input().where(input().isFinite(), 0).cast('i32') : input());
          const there = (to: DType): Tensor => finite().cast(dtype).cast(to);
          const apart = await read(() => finite().cast(dtype).realizeSync().cast('f32'));
          expect(await read(() => there('f32')), dtype).toEqual(apart);
          expect(await read(() => there('f32').mul(2)), dtype).toEqual(apart.map((x) => Math.fround(x * 2)));
          if (integer) continue;
          const doubled = await read(() => input().cast(dtype).mul(3).realizeSync().cast('f32'));
          expect(await read(() => input().cast(dtype).mul(3).cast('f32')), dtype).toEqual(doubled);
        }
      }),
      { numRuns: 10 },
    );
  });

  test('uniform stays below its upper end in every dtype', async () => {
    const ranges = [
      [1, 2],
      [-1, 1],
      [0.1, 0.3],
      [1000, 1001],
      [-2, -1],
      [-3e38, 3e38],
      [65000, 1e6],
      [3, 3],
    ] as const;
    for (const dtype of ['f32', ...halves] as const)
      for (const [low, high] of ranges) {
        const drawn = await read(() =>
          uniform([20_000], { low, high }, { dtype, generator: new Generator(5) }).cast('f32'),
        );
        const inside = drawn.filter((value) => value >= low && value < high).length;
        const holds = drawn.every((value) => value === dtypes[dtype].round(low));
        expect(inside === drawn.length || holds, `${dtype} [${low}, ${high}): ${drawn.slice(0, 4).join()}`).toBe(true);
      }
  });
}
