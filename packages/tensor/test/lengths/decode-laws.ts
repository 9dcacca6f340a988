/** What a decode meets of lengths on every device: looking up, joining, finding the largest, and matrices in formats. */
import {
  assignAt,
  compile,
  concat,
  csr,
  encodeMatrix,
  int4,
  int8,
  tensor,
  type Device,
  type MatrixFormat,
  type Tensor,
} from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { close, first, numbers, scalar, spoiled } from './tools.ts';

const indices = (values: readonly number[], device: Device): Tensor => tensor([...values], { dtype: 'i32', device });
const share = (size: number, percent: number): number => Math.round((size * percent) / 100);
const sizes = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 70 }));
const shares = fc.array(fc.tuple(fc.nat(100), fc.nat(100)), { minLength: 2, maxLength: 4 });

/** The laws of what reads, joins and multiplies as far as lengths go, as tests on a device. */
export function describeDecoding(open: () => Promise<Device> | Device, runs: number): void {
  test('positions of extrema are those among what there is, and the size where there is nothing', async () => {
    const device = await open();
    await fc.assert(
      fc.asyncProperty(sizes, shares, async ([rows, columns], drawn) => {
        const x = numbers([rows, columns], device);
        const step = compile((t: Tensor, m: Tensor, n: Tensor) => {
          const part = t.upTo(0, m).upTo(1, n);
          return [part.argmax(1), part.argmin(0)];
        });
        for (const [m, n] of drawn.map(([a, b]) => [share(rows, a), share(columns, b)] as const)) {
          const [largest, smallest] = step(spoiled(x, [m, n]), scalar(m, device), scalar(n, device)) as [
            Tensor,
            Tensor,
          ];
          const part = first(x, [m, n]);
          const meant = (axis: 0 | 1, count: number): number[] | Promise<unknown> =>
            part.shape[axis] === 0
              ? new Array<number>(count).fill(x.shape[axis] as number)
              : axis === 1
                ? part.argmax(1).array()
                : part.argmin(0).array();
          expect(await largest.array()).toEqual(m === 0 ? [] : await meant(1, m));
          expect(await smallest.array()).toEqual(n === 0 ? [] : await meant(0, n));
        }
        expect(step.recordings).toBe(1);
      }),
      { numRuns: runs },
    );
  });

  test('a look-up reads as many indices as there are, and 0 behind the length of what it reads', async () => {
    const device = await open();
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.array(fc.nat(12), { minLength: 1, maxLength: 9 }),
        shares,
        async ([rows, columns], asked, drawn) => {
          const x = numbers([rows, columns], device);
          const places = indices(asked, device);
          const step = compile((t: Tensor, at: Tensor, m: Tensor, n: Tensor, count: Tensor) => {
            const given = at.add(0).upTo(0, count);
            const part = t.upTo(0, m).upTo(1, n);
            return [part.take(given, 0).mul(2), part.t().take(given, 1)];
          });
          for (const [m, n] of drawn.map(([a, b]) => [share(rows, a), share(columns, b)] as const)) {
            const count = share(asked.length, m * 10);
            const results = step(
              spoiled(x, [m, n]),
              places,
              scalar(m, device),
              scalar(n, device),
              scalar(Math.min(count, asked.length), device),
            ) as [Tensor, Tensor];
            const given = asked.slice(0, count);
            const meant = async (): Promise<number[][]> => {
              const rowsOf = (await first(x, [m, n]).array()) as number[][];
              return given.map((at) => rowsOf[at] ?? new Array<number>(n).fill(0));
            };
            const values = await meant();
            expect(await results[0].array()).toEqual(
              values.map((row) => row.map((value) => Math.fround(value * 2) + 0)),
            );
            expect(await results[1].array()).toEqual(Array.from({ length: n }, (_, i) => values.map((row) => row[i])));
          }
          expect(step.recordings).toBe(1);
        },
      ),
      { numRuns: runs },
    );
  });

  test('joined parts follow each other as far as each goes, along any axis', async () => {
    const device = await open();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 3 }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(0 as const, 1 as const),
        fc.array(fc.array(fc.nat(100), { minLength: 4, maxLength: 4 }), { minLength: 2, maxLength: 3 }),
        async (parts, other, axis, drawn) => {
          const shape = (size: number): number[] => (axis === 0 ? [size, other] : [other, size]);
          const tensors = parts.map((size, i) => numbers(shape(size), device, i + 1));
          const step = compile((given: readonly Tensor[], lengths: readonly Tensor[], off: Tensor) => {
            const bound = given.map((part) => part.upTo(1 - axis, off));
            return [
              concat(
                bound.map((part, i) => part.upTo(axis, lengths[i] as Tensor)),
                axis,
              ),
              concat(bound, axis),
              // The last part is there whole.
              concat(
                bound.map((part, i) => (i === parts.length - 1 ? part : part.upTo(axis, lengths[i] as Tensor))),
                axis,
              ).mul(2),
            ];
          });
          for (const each of drawn) {
            const lengths = parts.map((size, i) => share(size, each[i] as number));
            const off = share(other, each[3] as number);
            const results = step(
              tensors,
              lengths.map((length) => scalar(length, device)),
              scalar(off, device),
            );
            const cut = (upTo: readonly number[]): Tensor =>
              concat(
                tensors.map((part, i) => part.narrow(1 - axis, 0, off).narrow(axis, 0, upTo[i] as number)),
                axis,
              );
            await close(results[0] as Tensor, cut(lengths));
            await close(results[1] as Tensor, cut(parts));
            await close(results[2] as Tensor, cut(lengths.with(parts.length - 1, parts.at(-1) as number)).mul(2));
          }
          expect(step.recordings).toBe(1);
        },
      ),
      { numRuns: runs },
    );
  });

  const formats: Readonly<Record<string, MatrixFormat<object>>> = { int8, int4, csr };
  test.each(Object.entries(formats))(
    'a product with a matrix in %s is that of as many rows as there are',
    async (_, format) => {
      const device = await open();
      const dense = numbers([24, 40], device);
      const matrix = await encodeMatrix(dense.where(dense.gt(0), 0), format);
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 20 }),
          fc.array(fc.nat(100), { minLength: 2, maxLength: 4 }),
          fc.constantFrom('f32' as const, 'int8' as const),
          async (rows, drawn, activations) => {
            const x = numbers([rows, 24], device, 2);
            const pair = numbers([2, rows, 40], device, 3);
            const bias = numbers([40], device, 4);
            const step = compile((t: Tensor, both: Tensor, m: Tensor) => [
              matrix.after(t.upTo(0, m), { activations }).add(bias).relu(),
              both.upTo(1, m).matmul(matrix.t()),
            ]);
            for (const m of drawn.map((percent) => share(rows, percent))) {
              const [product, turned] = step(spoiled(x, [m]), pair, scalar(m, device)) as [Tensor, Tensor];
              await close(
                product,
                matrix
                  .after(x.narrow(0, 0, m), { activations })
                  .add(bias)
                  .relu(),
              );
              await close(turned, pair.narrow(1, 0, m).matmul(matrix.t()));
            }
            expect(step.recordings).toBe(1);
            step.dispose();
          },
        ),
        { numRuns: Math.ceil(runs / 2) },
      );
    },
  );

  test('a sequence of chunks of any lengths through one recording is what is computed afresh, and touches nothing else', async () => {
    const device = await open();
    const [vocabulary, width, chunk, most] = [11, 16, 5, 24];
    const table = numbers([vocabulary, width], device, 1);
    const [key, value] = [numbers([width, width], device, 2), numbers([width, width], device, 3)];
    const head = await encodeMatrix(numbers([width, vocabulary], device, 4), int8);
    const attend = (x: Tensor, keys: Tensor, values: Tensor): Tensor =>
      x.matmul(keys.t()).mul(0.25).softmax(-1).matmul(values).add(x).matmul(head).tanh();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(vocabulary - 1), { maxLength: chunk }), { minLength: 2, maxLength: 6 }),
        async (chunks) => {
          const around = [1, 2, 3].map((seed) => numbers([7 * seed], device, seed).realizeSync());
          const empty = numbers([most, width], device, 7).mul(Number.NaN);
          const [keys, values] = [empty.add(1).realizeSync(), empty.add(2).realizeSync()];
          const behind = [4, 5, 6].map((seed) => numbers([5 * seed], device, seed).realizeSync());
          const step = compile((tokens: Tensor, position: Tensor, count: Tensor) => {
            const x = table.take(tokens.upTo(0, count), 0);
            assignAt(keys, 0, position, x.matmul(key));
            assignAt(values, 0, position, x.matmul(value));
            const length = position.add(count);
            const scores = attend(x, keys.upTo(0, length), values.upTo(0, length));
            return [scores, scores.argmax(-1)];
          });
          const told: number[] = [];
          for (const tokens of chunks) {
            if (told.length + tokens.length > most) break;
            const padded = indices([...tokens, ...new Array<number>(chunk - tokens.length).fill(0)], device);
            const [scores, best] = step(padded, scalar(told.length, device), scalar(tokens.length, device));
            told.push(...tokens);
            if (tokens.length === 0) {
              expect((await (scores as Tensor).data()).length).toBe(0);
              continue;
            }
            const all = table.take(indices(told, device), 0);
            const meant = attend(table.take(indices(tokens, device), 0), all.matmul(key), all.matmul(value));
            await close(scores as Tensor, meant);
            expect(await (best as Tensor).data()).toEqual(await (scores as Tensor).detach().argmax(-1).data());
          }
          expect(step.recordings).toBe(1);
          for (const cache of [keys, values])
            expect((await cache.narrow(0, told.length, most - told.length).data()).every(Number.isNaN)).toBe(true);
          for (const [i, neighbour] of around.entries())
            expect(await neighbour.data()).toEqual(await numbers([7 * (i + 1)], device, i + 1).data());
          for (const [i, neighbour] of behind.entries())
            expect(await neighbour.data()).toEqual(await numbers([5 * (i + 4)], device, i + 4).data());
          step.dispose();
        },
      ),
      { numRuns: runs },
    );
  });

  test('deep products with lengths are those of what there is, however their sums are cut', async () => {
    const device = await open();
    const [m, n, k] = [5, 12, 1200];
    const [a, b] = [numbers([m, k], device, 1), numbers([k, n], device, 2)];
    const step = compile((rows: Tensor, columns: Tensor, depth: Tensor) =>
      a.upTo(0, rows).upTo(1, depth).matmul(b.upTo(0, depth).upTo(1, columns)).mul(0.5).tanh(),
    );
    for (const [rows, columns, depth] of [
      [5, 12, 1200],
      [3, 7, 513],
      [1, 1, 1],
      [4, 2, 0],
      [0, 5, 7],
      [2, 12, 1199],
    ] as const)
      await close(
        step(scalar(rows, device), scalar(columns, device), scalar(depth, device)),
        first(a, [rows, depth])
          .matmul(first(b, [depth, columns]))
          .mul(0.5)
          .tanh(),
      );
    expect(step.recordings).toBe(1);
  });
}
