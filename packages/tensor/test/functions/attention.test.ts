import { expectClose } from '@espalier/testing';
import { describe, expect, test } from 'vitest';
import {
  arange,
  cpu,
  explain,
  Generator,
  gradients,
  noGrad,
  randn,
  scaledDotProductAttention,
  ShapeError,
  DTypeError,
  tensor,
  type AttentionOptions,
  type Tensor,
} from '../../src/index.ts';

const draw = (shape: readonly number[], seed: number): Tensor =>
  randn([...shape], { generator: new Generator(seed) }).realizeSync();

/** The same by way of all scores. */
function plain(q: Tensor, k: Tensor, v: Tensor, { causal, mask, bias, scale }: AttentionOptions): Tensor {
  const [queries, keys] = [q.shape.at(-2) as number, k.shape.at(-2) as number];
  const shared = (x: Tensor): Tensor => {
    const [heads, ...rest] = x.shape.slice(-3) as [number, number, number];
    const groups = (q.shape.at(-3) as number) / heads;
    const lead = x.shape.slice(0, -3);
    return x.unsqueeze(-3).expand([...lead, heads, groups, ...rest]).reshape([...lead, heads * groups, ...rest]); // prettier-ignore
  };
  let scores = q.matmul(shared(k).transpose(-1, -2)).mul(scale ?? 1 / Math.sqrt(q.shape.at(-1) as number));
  if (bias) scores = scores.add(bias);
  if (mask) scores = scores.where(mask, Number.NEGATIVE_INFINITY);
  if (causal) {
    const seen = arange(0, keys).le(
      arange(0, queries)
        .unsqueeze(1)
        .add(keys - queries),
    );
    scores = scores.where(seen, Number.NEGATIVE_INFINITY);
  }
  return scores.softmax(-1).matmul(shared(v));
}

const cases: Readonly<Record<string, AttentionOptions>> = {
  all: {},
  causal: { causal: true },
  masked: { mask: draw([150], 4).gt(-1).realizeSync() },
  'with a bias': { bias: draw([4, 90, 150], 5), scale: 0.3 },
  'causal, masked and with a bias': { causal: true, mask: draw([90, 150], 4).gt(-1).logicalOr(arange(0, 150).eq(0)).realizeSync(), bias: draw([90, 1], 5) }, // prettier-ignore
};

describe('attention', () => {
  test.each(Object.keys(cases))('and its gradients are those of products and softmax: %s', async (name) => {
    const options = cases[name] as AttentionOptions;
    const [q, k, v, w] = [draw([2, 4, 90, 8], 1), draw([2, 2, 150, 8], 2), draw([2, 2, 150, 12], 3), draw([2, 4, 90, 12], 6)]; // prettier-ignore
    const results = [scaledDotProductAttention, plain].map((attend) => {
      const inputs = [q, k, v].map((x) => x.detach().requiresGradients());
      const out = attend(...(inputs as [Tensor, Tensor, Tensor]), options);
      return [out, ...gradients(out.mul(w).sum(), inputs)];
    });
    const [mine, theirs] = results as [Tensor[], Tensor[]];
    for (const [at, value] of mine.entries())
      await expectClose(value, theirs[at] as Tensor, { absolute: 3e-5, relative: 1e-5 });
  });

  test('cuts the queries of few heads into parts', async () => {
    const inputs = [draw([600, 4], 1), draw([600, 4], 2), draw([600, 4], 3)] as const;
    const options = { causal: true };
    const pull = (attend: typeof plain): Tensor[] => {
      const own = inputs.map((x) => x.detach().requiresGradients());
      const [q, k, v] = own.map((x) => x.unsqueeze(0)) as [Tensor, Tensor, Tensor];
      return gradients(attend(q, k, v, options).square().sum(), own);
    };
    const [mine, theirs] = [pull(scaledDotProductAttention), pull(plain)];
    for (const [at, value] of mine.entries())
      await expectClose(value, theirs[at] as Tensor, { absolute: 5e-5, relative: 1e-5 });
  });

  test('is two kernels, none of which has all scores, and their memory grows with the length', () => {
    const text = explain(
      (x: Tensor) => {
        const q = x.requiresGradients();
        return gradients(scaledDotProductAttention(q, x, x, { causal: true }).sum(), [q])[0];
      },
      draw([2, 64, 8], 1),
    );
    expect(text).toContain('attention i < 2, j < 64 over k < 64');
    expect(text).toContain('attention gradient i < 2, j < 64, k < 64 in 1 part');
    const device = cpu();
    const x = draw([1, 8192, 4], 1);
    const before = device.memory().bytes;
    const out = noGrad(() => scaledDotProductAttention(x, x, x, { causal: true })).realizeSync();
    expect(device.memory().bytes - before).toBeLessThan(10 * x.size * 4);
    expect(out.shape).toEqual([1, 8192, 4]);
  }, 60_000);

  test('computes halves in f32, and gives halves', async () => {
    const [q, k, v] = [draw([1, 9, 8], 1).cast('f16'), draw([1, 9, 8], 2).cast('bf16'), draw([1, 9, 8], 3)];
    expect(scaledDotProductAttention(q, q, q).dtype).toBe('f16');
    const wide = scaledDotProductAttention(q.cast('f32'), k.cast('f32'), v);
    await expectClose(scaledDotProductAttention(q, k, v), wide, { absolute: 0, relative: 0 });
  });

  test('hands gradients on to a bias', async () => {
    const [q, k, v, bias] = [draw([2, 9, 8], 1), draw([2, 9, 8], 2), draw([2, 9, 8], 3), draw([9, 9], 4)];
    const [mine, theirs] = [scaledDotProductAttention, plain].map((attend) => {
      const own = bias.detach().requiresGradients();
      return gradients(attend(q, k, v, { bias: own }).square().sum(), [own])[0];
    }) as [Tensor, Tensor];
    await expectClose(mine, theirs, { absolute: 1e-5, relative: 1e-5 });
  });

  test.each([2, 90])('of %i queries is NaN for one that sees nothing, which hands no gradient on', async (queries) => {
    const [q, k, v] = [draw([1, queries, 8], 1), draw([1, 20, 8], 2), draw([1, 20, 12], 3)];
    const sees = arange(0, queries).unsqueeze(1).gt(0);
    const hidden = { mask: sees, bias: tensor(0).where(sees, Number.NEGATIVE_INFINITY) };
    const pull = (attend: typeof plain, rows: Tensor, options: AttentionOptions): Tensor[] => {
      const inputs = [rows, k, v].map((x) => x.detach().requiresGradients()) as [Tensor, Tensor, Tensor];
      const out = attend(...inputs, options);
      return [out, ...gradients(out.where(out.detach().isFinite(), 0).square().sum(), inputs)];
    };
    const theirs = pull(plain, q.slice([0, 1]), {});
    for (const [name, value] of Object.entries(hidden)) {
      const [out, dq, ...others] = pull(scaledDotProductAttention, q, { [name]: value }) as [Tensor, Tensor];
      expect(out.select(1, 0).isNaN().all().itemSync()).toBe(1);
      expect(dq.select(1, 0).abs().sum().itemSync()).toBe(0);
      const mine = [out.slice([0, 1]), dq.slice([0, 1]), ...others];
      for (const [at, each] of mine.entries())
        await expectClose(each, theirs[at] as Tensor, { absolute: 5e-5, relative: 1e-5 });
    }
    const none = scaledDotProductAttention(q, k.slice([0, 20]), v.slice([0, 20]));
    expect(none.isNaN().all().itemSync()).toBe(1);
    const length = tensor(0, { dtype: 'i32' });
    const empty = noGrad(() => scaledDotProductAttention(q, k.upTo(1, length), v.upTo(1, length)));
    expect(empty.isNaN().all().itemSync()).toBe(1);
  });

  test.each([
    [4, [3]],
    [3, [0, 1, 2]],
  ])(
    'of %i queries hides NaN from those that do not see it by the kernel, and not by products',
    (queries, expected) => {
      const v = draw([1, 20, 8], 3).where(arange(0, 20).unsqueeze(1).ne(7), Number.NaN);
      const mask = arange(0, 20).ne(7).logicalOr(arange(0, queries).unsqueeze(1).eq(queries - 1)).realizeSync(); // prettier-ignore
      const out = scaledDotProductAttention(draw([1, queries, 8], 1), draw([1, 20, 8], 2), v, { mask });
      const isNaN = out.isNaN().any(-1).arraySync() as number[][];
      expect(isNaN[0]?.flatMap((each, query) => (each ? [query] : []))).toEqual(expected);
    },
  );

  test('queries with a length are the last ones of the keys that there are', async () => {
    const [q, k, v] = [draw([4, 6, 8], 1), draw([2, 10, 8], 2), draw([2, 10, 8], 3)];
    const scalar = (value: number): Tensor => tensor(value, { dtype: 'i32' });
    const [queries, keys] = [scalar(3), scalar(7)];
    const some = noGrad(() =>
      scaledDotProductAttention(q.upTo(1, queries), k.upTo(1, keys), v.upTo(1, keys), { causal: true }),
    );
    const meant = plain(q.narrow(1, 0, 3), k.narrow(1, 0, 7), v.narrow(1, 0, 7), { causal: true });
    await expectClose(await some.data(), await meant.data(), { absolute: 1e-5, relative: 1e-5 });
    expect([some.lengthAlong(-2)?.itemSync(), some.lengthAlong(0), q.lengthAlong(1)]).toEqual([
      3,
      undefined,
      undefined,
    ]);
  });

  test('refuses what does not fit', () => {
    const [x, y] = [draw([3, 6, 4], 1), draw([2, 5, 4], 2)];
    expect(() => scaledDotProductAttention(x, y, y)).toThrow(ShapeError);
    expect(() => scaledDotProductAttention(x, draw([3, 6, 5], 1), x)).toThrow(/one size/);
    expect(() => scaledDotProductAttention(x, draw([3, 5, 4], 1), draw([3, 5, 4], 1), { causal: true })).toThrow(
      /has 6 queries for 5 keys/,
    );
    expect(() => scaledDotProductAttention(x, x, x, { mask: tensor([1]) })).toThrow(DTypeError);
    expect(() => scaledDotProductAttention(x, x, x, { bias: draw([7, 6], 1) })).toThrow(ShapeError);
    expect(() => scaledDotProductAttention(tensor([1]), x, x)).toThrow(/takes \[..., heads, length, size\]/);
  });
});
