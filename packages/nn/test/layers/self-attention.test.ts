import {
  AttentionCache,
  build,
  callContext,
  ConfigError,
  type Residual,
  type RmsNorm,
  SelfAttention,
} from '@espalier/nn';
import { concat, Generator, noGrad, randn, ShapeError, tensor, type Tensor } from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import { describe, expect, test } from 'vitest';

/** Attention in plain numbers, for one sequence. */
function plain(layer: SelfAttention, x: Tensor, sees: (row: number, column: number) => boolean): number[][] {
  const { heads, headWidth } = layer.options;
  const rows = (value: Tensor): number[][] => value.arraySync() as number[][];
  const [q, k, v] = [layer.query, layer.key, layer.value].map((each) => rows(each.forward(x))) as [
    number[][],
    number[][],
    number[][],
  ];
  const joined = q.map((own, row) =>
    own.map((_, feature) => {
      const from = Math.floor(feature / headWidth) * headWidth;
      const parts = Array.from({ length: headWidth }, (__, part) => from + part);
      const scores = k.map((other) =>
        parts.reduce((sum, part) => sum + (own[part] as number) * (other[part] as number), 0),
      );
      const weights = scores.map((score, column) => (sees(row, column) ? Math.exp(score / Math.sqrt(headWidth)) : 0));
      const whole = weights.reduce((sum, weight) => sum + weight, 0);
      return weights.reduce((sum, weight, column) => sum + (weight / whole) * (v[column]?.[feature] as number), 0);
    }),
  );
  expect(joined[0]).toHaveLength(heads * headWidth);
  return rows(layer.out.forward(tensor(joined)));
}

const draw = (shape: readonly number[], seed: number): Tensor =>
  randn([...shape], { generator: new Generator(seed) }).realizeSync();

describe('self-attention', () => {
  test('who looks at whom is a place of its own', () => {
    const layer = build({ type: 'self-attention', width: 6, heads: 3, causal: true }, { seed: 4 });
    let seen: number[][][][] = [];
    const output = (value: Tensor): void => void (seen = value.arraySync() as number[][][][]);
    layer.call(draw([2, 5, 6], 1), callContext({ taps: [{ at: 'probabilities', output }] }));
    expect([seen.length, seen[0]?.length, seen[0]?.[0]?.length]).toEqual([2, 3, 5]);
    for (const [row, shares] of seen.flat(1).flatMap((head) => [...head.entries()])) {
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
      expect(shares.slice(row + 1).every((share) => share === 0)).toBe(true);
    }
  });

  test.each([
    [2, 3, false],
    [3, 2, true],
    [1, 4, true],
  ])('is softmax(q · kᵀ / √d) · v: %d heads of %d, causal: %s', async (heads, headWidth, causal) => {
    const layer = build({ type: 'self-attention', width: 5, heads, headWidth, causal }, { seed: 4 }) as SelfAttention;
    const x = draw([6, 5], 1);
    const wanted = plain(layer, x, (row, column) => !causal || column <= row);
    await expectClose(layer.forward(x), wanted.flat(), { absolute: 1e-5, relative: 1e-5 });
  });

  test.each([1, 2, 4, 9])('a window of %d shows a position itself and the last before it', async (window) => {
    const config = { type: 'self-attention', width: 5, heads: 2, headWidth: 3, causal: true, window };
    const layer = build(config, { seed: 4 }) as SelfAttention;
    const x = draw([7, 5], 1);
    const near = { absolute: 1e-5, relative: 1e-5 };
    const wanted = plain(layer, x, (row, column) => column <= row && column > row - window);
    await expectClose(layer.forward(x), wanted.flat(), near);
    // By the shares, behind a mask, and a few positions at a time.
    const tapped = callContext({ taps: [{ at: 'probabilities', output: () => undefined }] });
    await expectClose(layer.call(x, tapped), wanted.flat(), near);
    const mask = tensor(Array.from({ length: 7 }, (_, column) => column !== 3 && column !== 5)).reshape([1, 7]);
    const masked = plain(
      layer,
      x,
      (row, column) => column <= row && column > row - window && column !== 3 && column !== 5,
    );
    const seen = window > 2 ? [0, 7] : [0, 3];
    const sees = (rows: readonly number[]): readonly number[] => rows.slice(5 * (seen[0] ?? 0), 5 * (seen[1] ?? 0));
    const made = (await layer.call(x, callContext({ slots: { attentionMask: mask } })).data()) as Float32Array;
    await expectClose(tensor([...sees([...made])]), sees(masked.flat()), near);
    const cache = new AttentionCache(layer, { capacity: 12 });
    const parts = [0, 4, 5].map((at, index) => {
      const slots = { attentionCache: cache.from(tensor(at, { dtype: 'i32' })) };
      return noGrad(() =>
        layer.call(x.narrow(0, at, [4, 1, 2][index] as number), callContext({ slots })),
      ).realizeSync();
    });
    await expectClose(concat(parts, 0), wanted.flat(), near);
  });

  test('only where a position does not see what comes later', () => {
    expect(() => build({ type: 'self-attention', width: 4, heads: 2, window: 3 })).toThrow(ConfigError);
  });

  test('what comes later changes nothing of what came before, where it is causal', async () => {
    const layer = build({ type: 'self-attention', width: 6, heads: 3, causal: true }, { seed: 1 });
    const x = draw([2, 7, 6], 2);
    const whole = layer.forward(x);
    for (let length = 1; length <= 7; length++)
      await expectClose(layer.forward(x.narrow(1, 0, length)), whole.narrow(1, 0, length), {
        absolute: 1e-5,
        relative: 1e-5,
      });
  });

  test('a mask in the context says who sees whom', async () => {
    const layer = build({ type: 'self-attention', width: 4, heads: 2 }, { seed: 3 }) as SelfAttention;
    const x = draw([5, 4], 3);
    const sees = (row: number, column: number): boolean => (row * 3 + column) % 2 === 0 || row === column;
    const rows = Array.from({ length: 5 }, (_, row) => Array.from({ length: 5 }, (__, column) => sees(row, column)));
    const context = callContext({ slots: { attentionMask: tensor(rows) } });
    await expectClose(layer.call(x, context), plain(layer, x, sees).flat(), { absolute: 1e-5, relative: 1e-5 });
  });

  test('an order of positions is an order of outputs, where nobody says where they stand', async () => {
    const layer = build({ type: 'self-attention', width: 4, heads: 2 }, { seed: 5 });
    const x = draw([4, 4], 6);
    const order = tensor([2, 0, 3, 1], { dtype: 'i32' });
    await expectClose(layer.forward(x.take(order)), layer.forward(x).take(order), { absolute: 1e-5, relative: 1e-5 });
  });

  test('widths that do not part into heads are refused', () => {
    expect(() => new SelfAttention({ width: 5, heads: 2 })).toThrow(ShapeError);
    expect(() => build({ type: 'self-attention', width: 5, heads: 0 })).toThrow(ConfigError);
  });

  test('a mask that is no tensor is refused, and not left out', () => {
    const layer = build({ type: 'self-attention', width: 4, heads: 2 }) as SelfAttention;
    for (const attentionMask of [true, [[true]], 'causal', null])
      expect(() =>
        layer.call(randn([1, 2, 4]), callContext({ slots: { attentionMask: attentionMask as never } })),
      ).toThrow(/attentionMask is .*; it must be a tensor/);
  });
});

describe('heads that are shared, turned and normalised', () => {
  const config = {
    type: 'self-attention',
    width: 6,
    heads: 4,
    headWidth: 4,
    keyValueHeads: 2,
    causal: true,
    bias: 'inputs',
    rotary: { base: 50, width: 2, scaling: { type: 'linear', factor: 2 } },
    headNorm: 1e-6,
  };
  const close = { absolute: 1e-5, relative: 1e-5 };

  test('are those of a layer with as many heads of keys, each of them repeated', async () => {
    const layer = build(config, { seed: 4 }) as SelfAttention;
    const plainly = build({ ...config, keyValueHeads: 4 }, { seed: 5 }) as SelfAttention;
    const repeated = (value: Tensor): Tensor =>
      value
        .reshape([2, 1, 4, -1])
        .expand([2, 2, 4, value.size / 8])
        .reshape([16, ...value.shape.slice(1)]);
    const state = new Map(
      [...layer.state()].map(([name, value]) => [name, /^(?:key|value)\./u.test(name) ? repeated(value) : value]),
    );
    plainly.load(state);
    const x = draw([2, 5, 6], 1);
    await expectClose(layer.forward(x), plainly.forward(x), close);
  });

  test('show who looks at whom', async () => {
    const layer = build(config, { seed: 4 });
    const shapes: (readonly number[])[] = [];
    const tap = { at: 'probabilities', output: ({ shape }: Tensor): void => void shapes.push(shape) };
    const x = draw([2, 5, 6], 1);
    await expectClose(layer.call(x, callContext({ taps: [tap] })), layer.forward(x), close);
    expect(shapes).toEqual([[2, 4, 5, 5]]);
  });

  test('stand where the slot of positions says', async () => {
    const layer = build({ ...config, rotary: { base: 50 } }, { seed: 4 });
    const x = draw([5, 6], 1);
    const places = tensor([0, 1, 2, 3, 4], { dtype: 'i32' });
    const moved = layer.call(x, callContext({ slots: { positions: places } }));
    await expectClose(moved, layer.forward(x), close);
    const apart = layer.call(x, callContext({ slots: { positions: places.mul(0) } }));
    expect(apart.sub(moved).abs().max().itemSync()).toBeGreaterThan(1e-3);
  });

  test('see with a length what they see of so many', async () => {
    const layer = build(config, { seed: 4 });
    const x = draw([2, 5, 6], 1);
    const some = noGrad(() => layer.forward(x.upTo(1, tensor(3, { dtype: 'i32' }))));
    await expectClose(await some.data(), await layer.forward(x.narrow(1, 0, 3)).data(), close);
  });

  test.each([
    [{ heads: 3, keyValueHeads: 2 }, 'no whole number for each of 2 heads'],
    [{ bias: 'some' }, 'inputs, out'],
    [{ rotary: { base: 10, turns: 1 } }, 'no known field'],
  ])('%j are refused', (options, problem) => {
    expect(() => build({ ...config, ...options })).toThrow(problem);
  });
});

test('what turns by the length of the whole sequence is not told it by a cache', () => {
  const rotary = { scaling: { type: 'dynamic', factor: 2, context: 8 } };
  const layer = build({ type: 'self-attention', width: 4, heads: 1, causal: true, rotary }, { seed: 1 });
  const within = (capacity: number): Tensor =>
    noGrad(() =>
      layer.call(
        draw([2, 4], 1),
        callContext({ slots: { attentionCache: new AttentionCache(layer, { capacity }).from(0) } }),
      ),
    );
  expect(within(8).shape).toEqual([2, 4]);
  expect(() => within(16)).toThrow('give a cache of 8');
});

test('a norm stands before the body of a residual module, or after the sum', async () => {
  const parts = { norm: { type: 'rms-norm', size: 3 }, body: { type: 'linear', in: 3, out: 3 } };
  const x = draw([2, 3], 1);
  const by = (order: 'before' | 'after'): Residual =>
    build({ type: 'residual', order, ...parts }, { seed: 2 }) as Residual;
  const [before, after] = [by('before'), by('after')];
  const norm = before.norm as RmsNorm;
  const exact = { absolute: 0, relative: 1e-6 };
  await expectClose(before.forward(x), before.body.forward(norm.forward(x)).add(x), exact);
  await expectClose(after.forward(x), norm.forward(after.body.forward(x).add(x)), exact);
  expect(() => build({ type: 'residual', order: 'after', body: parts.body })).toThrow('there is none; give norm');
  expect(() => build({ type: 'residual', order: 'between', ...parts })).toThrow('before, after');
});
