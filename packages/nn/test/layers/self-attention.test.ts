import { build, callContext, ConfigError, SelfAttention } from '@espalier/nn';
import { Generator, randn, ShapeError, tensor, type Tensor } from '@espalier/tensor';
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
