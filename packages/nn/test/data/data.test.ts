import fc from 'fast-check';
import {
  batches,
  evenBatchSize,
  FormatError,
  parseIdx,
  shuffled,
  split,
  subset,
  tensorDataset,
  type HostArray,
} from '@espalier/nn';
import { ArgumentError, ShapeError, tensor, zeros } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';

describe('order', () => {
  test('shuffling is a permutation, and a function of seed and draw', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.nat(), fc.nat(100), (size, seed, draw) => {
        const order = shuffled(size, seed, 'x', draw);
        expect([...order].toSorted((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, index) => index));
        expect(shuffled(size, seed, 'x', draw)).toEqual(order);
      }),
      { numRuns: 20 },
    );
    const draws = [shuffled(50, 1, 'a', 0), shuffled(50, 1, 'a', 1), shuffled(50, 2, 'a', 0), shuffled(50, 1, 'b', 0)];
    expect(new Set(draws.map(String)).size).toBe(4);
  });

  test('batches cover the order once', () => {
    const order = Int32Array.of(3, 1, 4, 0, 2);
    expect(batches(order, 2).map((part) => [...part])).toEqual([[3, 1], [4, 0], [2]]);
    expect(batches(order, 2, true)).toHaveLength(2);
  });

  test('an even batch size leaves no rest where one exists nearby', () => {
    expect([evenBatchSize(10_000, 512), evenBatchSize(7, 500), evenBatchSize(1009, 100)]).toEqual([500, 7, 100]);
  });
});

describe('a dataset', () => {
  const x = { data: Uint8Array.of(0, 51, 102, 153, 204, 255), shape: [3, 2] };
  const y = { data: Int32Array.of(7, 8, 9), shape: [3] };

  test.each([
    ['arrays', tensorDataset(x, y)],
    [
      'tensors',
      tensorDataset(
        tensor(
          [
            [0, 51],
            [102, 153],
            [204, 255],
          ],
          { dtype: 'u8' },
        ),
        tensor([7, 8, 9], { dtype: 'i32' }),
      ),
    ],
  ])('of %s scales bytes and finds examples', async (_, data) => {
    const batch = await data.batch([2, 0]);
    expect(batch.x.dtype).toBe('f32');
    expect([...batch.x.dataSync()].map((value) => Math.round(value * 5))).toEqual([4, 5, 0, 1]);
    expect(batch.y.arraySync()).toEqual([9, 7]);
    await expect(data.batch([3])).rejects.toThrow(ArgumentError);
  });

  test('may be prepared otherwise', async () => {
    const data = tensorDataset(x, y, { prepare: (batch) => ({ x: batch.x.cast('i32').add(1), y: batch.y }) });
    expect((await data.batch([0])).x.arraySync()).toEqual([[1, 52]]);
  });

  test('has as many inputs as targets', () => {
    expect(() => tensorDataset(x, { ...y, shape: [2] })).toThrow(ShapeError);
    expect(() => tensorDataset(x, { data: Int32Array.of(1), shape: [3] })).toThrow(ShapeError);
    expect(() => tensorDataset(x, tensor([1, 2, 3]))).toThrow(ArgumentError);
  });

  test.each([-1, 1.5, NaN, 100, '1', undefined])('has no example %j, and says so', async (index) => {
    const data = tensorDataset(zeros([5, 2]), zeros([5]));
    const said = `there is no example ${typeof index === 'string' ? '"1"' : index}; there are 5`;
    await expect(data.batch([index as number])).rejects.toThrow(said);
    expect(() => subset(data, [index as number])).toThrow(said);
  });

  test.each<readonly [unknown, string]>([
    [[1, 2], 'a list'],
    [{ data: [1, 2], shape: [2, 1] }, 'an array that is not typed'],
    [{ data: new Int16Array(2), shape: [2, 1] }, 'an array of a dtype that tensors have not'],
    [{ data: new Float32Array(2) }, 'an array without a shape'],
    [undefined, 'nothing'],
  ])('is not made of %j: %s', (given) => {
    const labels = { data: new Int32Array(2), shape: [2] };
    expect(() => tensorDataset(given as HostArray, labels)).toThrow(/^tensorDataset: x must be a tensor/u);
    expect(() => tensorDataset(labels, given as HostArray)).toThrow(/^tensorDataset: y must be a tensor/u);
  });

  test('is split into disjoint parts', async () => {
    const numbers = { data: Int32Array.from({ length: 20 }, (_, index) => index), shape: [20] };
    const parts = split(tensorDataset(numbers, numbers), [12, 5], { seed: 3 });
    expect(parts.map(({ size }) => size)).toEqual([12, 5]);
    const seen = await Promise.all(
      parts.map(async (part) => (await part.batch(Array.from({ length: part.size }, (_, i) => i))).x.dataSync()),
    );
    expect(new Set(seen.flatMap((values) => [...values])).size).toBe(17);
    expect(() => split(tensorDataset(numbers, numbers), [21])).toThrow(ArgumentError);
  });

  test('has subsets', async () => {
    const part = subset(tensorDataset(x, y), [2, 2, 1]);
    expect((await part.batch([1, 2])).y.arraySync()).toEqual([9, 8]);
    await expect(part.batch([3])).rejects.toThrow(ArgumentError);
    expect(() => subset(part, [3])).toThrow(ArgumentError);
  });

  test('with an order of its own has no numbers that parts could be taken by', () => {
    const data = { ...tensorDataset(x, y), order: { key: 'a stream', begin: () => undefined } };
    expect(() => subset(data, [0])).toThrow('part what it is read from');
    expect(() => split(data, [1, 1])).toThrow(ArgumentError);
  });
});

describe('IDX', () => {
  const file = (...bytes: readonly number[]): Uint8Array => Uint8Array.from(bytes);
  const good = file(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6);

  test('is read', () => {
    expect(parseIdx(good, 'x', 2)).toEqual({ shape: [2, 3], data: file(1, 2, 3, 4, 5, 6) });
  });

  test.each([
    ['a bad magic number', file(31, 139, 8, 0, 0, 0, 0, 0), 0],
    ['no dimensions', file(0, 0, 8, 0), 0],
    ['another type', file(0, 0, 13, 1, 0, 0, 0, 0), 2],
    ['another rank', file(0, 0, 8, 1, 0, 0, 0, 0), 3],
    ['a short header', good.subarray(0, 9), 9],
    ['a short file', good.subarray(0, 16), 16],
    ['a long file', file(...good, 7), 18],
    ['nothing', file(), 0],
  ])('%s is named with its offset', (_, bytes, offset) => {
    let found: unknown;
    try {
      parseIdx(bytes, 'digits.idx', 2);
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(FormatError);
    expect(found).toMatchObject({ source: 'digits.idx', offset });
    expect(String(found)).toContain('digits.idx: at byte');
  });

  test('never fails otherwise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          parseIdx(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
    );
  });
});
