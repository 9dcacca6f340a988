/** What holds of lengths on every device: a value at a length is the value of the tensor that is so long. */
import {
  assignAt,
  compile,
  concat,
  einsum,
  encodeMatrix,
  int8,
  layerNorm,
  ones,
  stack,
  tensor,
  where,
  zeros,
  type Device,
  type DType,
  type EncodedMatrix,
  type Tensor,
} from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { close, first, numbers, scalar, spoiled } from './tools.ts';

const dtypesWritten: readonly DType[] = ['f32', 'f16', 'bf16', 'i32', 'u32', 'i8', 'u8', 'bool', 'f64'];

/** The laws of lengths and of writing parts, as tests on a device. */
export function describeLengths(open: () => Promise<Device> | Device, runs: number): void {
  const functions: Readonly<Record<string, (x: Tensor) => Tensor>> = {
    map: (x) => x.mul(2).add(1).tanh(),
    sum: (x) => x.sum(),
    'sum of rows': (x) => x.sum(1),
    'sum of columns': (x) => x.sum(0),
    'mean of rows': (x) => x.mean(1),
    mean: (x) => x.mean(),
    'product of rows': (x) => x.prod(1),
    'softmax of rows': (x) => x.softmax(1),
    'softmax of columns': (x) => x.softmax(0),
    'norm of rows': (x) => x.norm(2, 1),
    transpose: (x) => x.t().mul(3),
    'all before the mean': (x) => x.sub(x.mean(1, { keepDims: true })),
    'axes between': (x) => x.unsqueeze(1).mul(2).squeeze(1).relu(),
    mask: (x) => where(x.gt(0), x, x.mul(0.5)),
    'variance of rows': (x) => x.var(1),
    'variance of columns': (x) => x.var(0),
    'standard deviation of all': (x) => x.std(undefined, { correction: 0 }),
    'layer norm': (x) => layerNorm(x),
    halves: (x) => x.cast('f16').mul(2).sum(1).cast('f32'),
  };

  test.each(Object.entries(functions))('%s at every length, by one recording', async (_, fn) => {
    const device = await open();
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 150 })),
        fc.array(fc.tuple(fc.nat(100), fc.nat(100)), { minLength: 2, maxLength: 4 }),
        async ([rows, columns], shares) => {
          const x = numbers([rows, columns], device);
          const step = compile((t: Tensor, m: Tensor, n: Tensor) => fn(t.upTo(0, m).upTo(1, n)));
          for (const [m, n] of shares.map(
            ([a, b]) => [Math.round((a * rows) / 100), Math.round((b * columns) / 100)] as const,
          ))
            await close(step(spoiled(x, [m, n]), scalar(m, device), scalar(n, device)), fn(first(x, [m, n])));
          expect(step.recordings).toBe(1);
          step.dispose();
        },
      ),
      { numRuns: runs },
    );
  });

  const besideOnes: Readonly<Record<string, (x: Tensor) => Tensor>> = {
    'a new first axis': (x) => x.unsqueeze(0),
    'a new first axis that is summed': (x) => x.unsqueeze(0).sum(0),
    'a new axis between that is summed': (x) => x.unsqueeze(1).sum(1).mul(2),
    'axes that come and go': (x) => x.unsqueeze(0).unsqueeze(0).squeeze([0, 1]),
    'the last of several, after a sum': (x) => x.t().unsqueeze(0).sum(1),
    'two sums': (x) => x.t().unsqueeze(0).sum(1).sum(0),
    'a part of a stack': (x) => stack([x, x.mul(2)]).select(0, 1),
    'a product with a vector': (x) => x.select(1, 0).matmul(x),
    'a product by letters': (x) => einsum('ij,jk->ik', x, x.t().sum(1).unsqueeze(1).expand([3, 2]).mul(0).add(1)),
    'an outer product by letters': (x) => einsum('i,j->ji', x.select(1, 0), x.sum(0)),
    'a product with a matrix in a format': (x) => x.unsqueeze(0).matmul(ofOnes as EncodedMatrix),
  };
  let ofOnes: EncodedMatrix | undefined;

  test.each(Object.entries(besideOnes))('a length stays with its axis beside others of size 1: %s', async (_, fn) => {
    const device = await open();
    ofOnes = await encodeMatrix(ones([3, 2], { device }), int8);
    const x = numbers([1, 3], device);
    for (const length of [0, 1]) {
      const [got, meant] = [fn(spoiled(x, [length]).upTo(0, scalar(length, device))), fn(x.narrow(0, 0, length))];
      expect(got.shape.length).toBe(meant.shape.length);
      await close(got, meant);
      if (length === 0) expect(await got.array()).toEqual(await meant.array());
    }
  });

  test('a product is that of so many rows, columns and terms, by one recording', async () => {
    const device = await open();
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          batch: fc.constantFrom([], [3], [2, 2]),
          sizes: fc.tuple(
            fc.integer({ min: 1, max: 40 }),
            fc.integer({ min: 1, max: 40 }),
            fc.integer({ min: 1, max: 300 }),
          ),
          bounded: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
          turned: fc.tuple(fc.boolean(), fc.boolean()),
          shared: fc.boolean(),
          dtype: fc.constantFrom<DType>('f32', 'f32', 'f16', 'i32'),
          shares: fc.array(fc.tuple(fc.nat(100), fc.nat(100), fc.nat(100)), { minLength: 2, maxLength: 3 }),
        }),
        async ({ batch, sizes: [m, n, k], bounded, turned: [turnsA, turnsB], shared, dtype, shares }) => {
          const operand = (
            lead: readonly number[],
            rows: number,
            columns: number,
            turn: boolean,
            seed: number,
          ): Tensor => {
            const stored = numbers([...lead, ...(turn ? [columns, rows] : [rows, columns])], device, seed);
            const drawn = dtype === 'i32' ? stored.mul(10).cast('i32') : stored.cast(dtype);
            return turn ? drawn.transpose(-1, -2) : drawn;
          };
          const a = operand(batch, m, k, turnsA, 1);
          const b = operand(shared ? [] : batch, k, n, turnsB, 2);
          const rank = batch.length;
          const bound = (x: Tensor, axis: number, length: Tensor, is: boolean): Tensor =>
            is ? x.upTo(axis, length) : x;
          const step = compile((p: Tensor, q: Tensor, rows: Tensor, columns: Tensor, depth: Tensor) =>
            bound(bound(p, rank, rows, bounded[0]), rank + 1, depth, bounded[2])
              .matmul(bound(bound(q, -1, columns, bounded[1]), -2, depth, bounded[2]))
              .mul(2),
          );
          for (const share of shares) {
            const [rows, columns, depth] = [m, n, k].map((size, i) =>
              bounded[i] ? Math.round((size * (share[i] as number)) / 100) : size,
            ) as [number, number, number];
            const got = step(a, b, scalar(rows, device), scalar(columns, device), scalar(depth, device));
            const left = a.narrow(-2, 0, rows).narrow(-1, 0, depth);
            const right = b.narrow(-2, 0, depth).narrow(-1, 0, columns);
            const meant = left.matmul(right).mul(2);
            if (dtype === 'f16') {
              const [x, y] = [await got.data(), await meant.data()];
              expect(x.length).toBe(y.length);
              x.forEach((value, i) =>
                expect(Math.abs(value - (y[i] as number))).toBeLessThan(0.02 * (1 + Math.abs(y[i] as number))),
              );
            } else await close(got, meant, left.abs().matmul(right.abs()).add(1));
          }
          expect(step.recordings).toBe(1);
          step.dispose();
        },
      ),
      { numRuns: runs },
    );
  });

  test('a part is written in place, and nothing else: every dtype, axis, position and view', async () => {
    const device = await open();
    const dtypes = dtypesWritten.filter((dtype) => device.capabilities.dtypes.has(dtype));
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          dtype: fc.constantFrom(...dtypes),
          shape: fc.tuple(
            fc.integer({ min: 1, max: 5 }),
            fc.integer({ min: 1, max: 7 }),
            fc.integer({ min: 1, max: 19 }),
          ),
          axis: fc.integer({ min: 0, max: 2 }),
          share: fc.tuple(fc.nat(100), fc.nat(100), fc.nat(100)),
          turned: fc.boolean(),
          compiled: fc.boolean(),
        }),
        async ({ dtype, shape, axis, share, turned, compiled }) => {
          const size = shape[axis] as number;
          const count = Math.max(1, Math.round((size * share[0]) / 100));
          const position = Math.round(((size - count) * share[1]) / 100);
          const length = Math.round((count * share[2]) / 100);
          const old = numbers(shape, device).mul(50).cast(dtype);
          const part = shape.with(axis, count);
          const drawn = numbers(turned ? part.toReversed() : part, device, 3)
            .mul(50)
            .cast(dtype);
          const value = turned ? drawn.permute(2, 1, 0) : drawn;
          const cache = old
            .cast('f64' === dtype ? 'f64' : dtype)
            .add(0)
            .cast(dtype);
          const write = (at: Tensor, n: Tensor, from: Tensor): void => assignAt(cache, axis, at, from.upTo(axis, n));
          const step = compile(write);
          (compiled ? step : write)(scalar(position, device), scalar(length, device), value);
          const meant = concat(
            [
              old.narrow(axis, 0, position),
              value.narrow(axis, 0, length),
              old.narrow(axis, position + length, size - position - length),
            ],
            axis,
          );
          expect(await cache.data()).toEqual(await meant.data());
          step.dispose();
        },
      ),
      { numRuns: runs },
    );
  });

  test('what reads a tensor before it is written in a step sees the old value, and what reads it later the new one', async () => {
    const device = await open();
    const cache = zeros([6, 2], { device });
    const step = compile((at: Tensor, next: Tensor, row: Tensor) => {
      const before = cache.sum();
      assignAt(cache, 0, at, row);
      const between = cache.sum();
      assignAt(cache, 0, next, row.mul(10));
      return [before, between, cache.sum(), cache.upTo(0, next).sum()];
    });
    const row = tensor([[1, 2]], { device });
    const read = async (tensors: readonly Tensor[]): Promise<number[]> =>
      Promise.all(tensors.map((each) => each.item()));
    expect(await read(step(scalar(0, device), scalar(1, device), row))).toEqual([0, 3, 33, 3]);
    expect(await read(step(scalar(4, device), scalar(5, device), row))).toEqual([33, 36, 66, 36]);
    expect(await cache.array()).toEqual([
      [1, 2],
      [10, 20],
      [0, 0],
      [0, 0],
      [1, 2],
      [10, 20],
    ]);
    expect(step.recordings).toBe(1);
  });

  test('attention with a cache is that over all keys so far, at every position by one recording', async () => {
    const device = await open();
    const [most, heads, width] = [20, 2, 8];
    const keys = zeros([heads, most, width], { device });
    const values = zeros([heads, most, width], { device });
    const step = compile((q: Tensor, k: Tensor, v: Tensor, position: Tensor) => {
      assignAt(keys, 1, position, k);
      assignAt(values, 1, position, v);
      const length = position.add(1);
      return q.matmul(keys.upTo(1, length).transpose(-1, -2)).mul(0.25).softmax(-1).matmul(values.upTo(1, length));
    });
    const all = [1, 2, 3].map((seed) => numbers([heads, most, width], device, seed)) as [Tensor, Tensor, Tensor];
    for (let position = 0; position < most; position++) {
      const [q, k, v] = all.map((x) => x.narrow(1, position, 1)) as [Tensor, Tensor, Tensor];
      const [pastKeys, pastValues] = [all[1].narrow(1, 0, position + 1), all[2].narrow(1, 0, position + 1)];
      await close(
        step(q, k, v, scalar(position, device)),
        q.matmul(pastKeys.transpose(-1, -2)).mul(0.25).softmax(-1).matmul(pastValues),
      );
    }
    expect(step.recordings).toBe(1);
  });
}
