import {
  checkpoint,
  compile,
  crossEntropy,
  customGradient,
  dropout,
  grad,
  gradients,
  LifetimeError,
  noGrad,
  ones,
  rand,
  randn,
  tensor,
  valueAndGrad,
  zeros,
  type Tensor,
} from '@espalier/tensor';
import { describe, expect, test } from 'vitest';

const f64 = { dtype: 'f64' } as const;
const numbers = (x: Tensor): number[] => x.flatten().arraySync() as number[];

describe('gradients', () => {
  test('of every order by nesting', () => {
    const fn = (x: Tensor): Tensor => x.pow(4).sum();
    const x = tensor([1, 2, -3], f64);
    const first = grad(fn);
    const second = grad((a) => first(a).sum());
    const third = grad((a) => second(a).sum());
    expect(numbers(first(x))).toEqual([4, 32, -108]);
    expect(numbers(second(x)).map(Math.round)).toEqual([12, 48, 108]);
    expect(numbers(third(x)).map(Math.round)).toEqual([24, 48, -72]);
  });

  test('by several arguments, with the value', () => {
    const [value, [da, db]] = valueAndGrad((a, b) => a.mul(b).sum(), { arguments: [0, 1] })(
      tensor([1, 2]),
      tensor([3, 4]),
    ) as [Tensor, [Tensor, Tensor]];
    expect(value.itemSync()).toBe(11);
    expect([da.arraySync(), db.arraySync()]).toEqual([
      [3, 4],
      [1, 2],
    ]);
  });

  test('are zeros for inputs that do not matter, and flow to intermediate values', () => {
    const x = tensor([1, 2]).requiresGradients();
    const unused = tensor([5]).requiresGradients();
    const middle = x.mul(3);
    const [dx, dm, du] = gradients(middle.square().sum(), [x, middle, unused]);
    expect([dx.arraySync(), dm.arraySync(), du.arraySync()]).toEqual([[18, 36], [6, 12], [0]]);
  });

  test('are refused towards what was made, or given another value, after the result: it is not zero but unknown', () => {
    const w = tensor([1, 2]).requiresGradients();
    const loss = w.square().sum();
    const later = w.detach().requiresGradients();
    expect(() => gradients(loss, [later], { retainGraph: true })).toThrow(LifetimeError);
    w.assign(tensor([3, 4]));
    expect(() => gradients(loss, [w])).toThrow(/input 0 .* after the result was computed/);
    expect(numbers(gradients(w.square().sum(), [w])[0])).toEqual([6, 8]);
    expect(grad((x) => tensor(2).requiresGradients().mul(1).add(x.mul(0)))(tensor(1)).itemSync()).toBe(0);
    const constant = w.sum();
    expect(grad(() => constant)(tensor(1)).itemSync()).toBe(0);
  });

  test('accumulate in leaves through backward()', () => {
    const x = tensor([1, 2]).requiresGradients();
    x.square().sum().backward();
    x.mul(10).sum().backward();
    expect(x.grad?.arraySync()).toEqual([12, 14]);
  });

  test('the graph is let go after use, unless retained', () => {
    const x = tensor([1, 2]).requiresGradients();
    const kept = x.square().sum();
    expect(numbers(gradients(kept, [x], { retainGraph: true })[0])).toEqual([2, 4]);
    expect(numbers(gradients(kept, [x])[0])).toEqual([2, 4]);
    expect(() => gradients(kept, [x])).toThrow(LifetimeError);
    expect(() => gradients(tensor(1), [x])).toThrow(/requiresGradients/);
  });

  test('need a scalar, or the gradient of the result', () => {
    const x = tensor([1, 2]).requiresGradients();
    expect(() => gradients(x.mul(2), [x])).toThrow(/reduce it to a scalar or pass gradOutput/);
    expect(numbers(gradients(x.square(), [x], { gradOutput: tensor([1, 10]) })[0])).toEqual([2, 40]);
  });

  test('do not flow through detach() or noGrad()', () => {
    const x = tensor([3]).requiresGradients();
    expect(numbers(gradients(x.mul(x.detach()).sum(), [x])[0])).toEqual([3]);
    expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false);
  });

  test('of softmax and cross-entropy agree with the closed form', () => {
    const x = tensor(
      [
        [1, 2, 3],
        [0, 0, 5],
      ],
      f64,
    ).requiresGradients();
    const [dx] = gradients(crossEntropy(x, tensor([2, 0], { dtype: 'i32' })), [x]);
    const p = x.softmax().detach();
    const expected = p
      .sub(
        tensor(
          [
            [0, 0, 1],
            [1, 0, 0],
          ],
          f64,
        ),
      )
      .div(2);
    expect(dx.sub(expected).abs().max().itemSync()).toBeLessThan(1e-15);
  });
});

describe('customGradient', () => {
  test('replaces the gradient: a straight-through estimator', () => {
    const roundThrough = customGradient({ forward: (x) => x.round(), backward: (g) => [g] });
    const x = tensor([0.2, 1.7]).requiresGradients();
    const y = roundThrough(x);
    expect(y.arraySync()).toEqual([0, 2]);
    expect(numbers(gradients(y.mul(tensor([2, 3])).sum(), [x])[0])).toEqual([2, 3]);
  });

  test.each<[string, (g: Tensor) => unknown, RegExp]>([
    ['no list', (g) => g, /result of backward/],
    ['numbers', () => [5], /result of backward/],
    ['too few', () => [], /0 gradients for 1 inputs/],
    ['too many', (g) => [g, g], /2 gradients for 1 inputs/],
    ['another shape', (g) => [g.sum()], /\[\] for input 0 of shape \[2\]/],
  ])('refuses %s', (_name, backward, message) => {
    const double = customGradient({ forward: (x) => x.mul(2), backward: backward as () => Tensor[] });
    const x = tensor([1, 2]).requiresGradients();
    expect(() => gradients(double(x).sum(), [x])).toThrow(message);
  });

  test('gives gradients in the dtype of the input', () => {
    const widened = customGradient({ forward: (x) => x.mul(2).cast('f32'), backward: (g) => [g.mul(2)] });
    const x = tensor([1, 2], { dtype: 'f16' }).requiresGradients();
    const [gradient] = gradients(widened(x).sum(), [x]);
    expect([gradient.dtype, ...numbers(gradient)]).toEqual(['f16', 2, 2]);
  });

  test('has the gradient of its gradient, through the output too', () => {
    const exp = customGradient({ forward: (x) => x.exp(), backward: (g, _, y) => [g.mul(y)] });
    const third = grad((a) => grad((b) => grad((c) => exp(c.mul(2)).sum())(b).sum())(a).sum())(tensor([0, 0.5], f64));
    expect(numbers(third)).toEqual([8, 8 * Math.E].map((value) => expect.closeTo(value, 12) as number));
  });
});

describe('checkpoint', () => {
  test('gives the same gradients, to captured tensors too, in and out of compile', () => {
    const w = randn([4, 4]).requiresGradients();
    const x = randn([3, 4]).requiresGradients();
    const block = (h: Tensor): Tensor => h.matmul(w).tanh().matmul(w);
    const of = (fn: (h: Tensor) => Tensor): Tensor[] => gradients(fn(fn(x)).square().sum(), [x, w]);
    const plain = of(block).map(numbers);
    const recomputed = of(checkpoint(block)).map(numbers);
    const compiled = compile(() => of(checkpoint(block)))().map(numbers);
    for (const [index, values] of plain.entries())
      for (const [element, value] of values.entries()) {
        expect(recomputed[index]?.[element]).toBeCloseTo(value, 3);
        expect(compiled[index]?.[element]).toBeCloseTo(value, 3);
      }
  });

  test('gives gradients to an input that is captured as well, and to a captured tensor that is the result', () => {
    const [x, w] = [tensor([2, 3]).requiresGradients(), tensor([4, 5]).requiresGradients()];
    const [first] = gradients(checkpoint((a) => a.mul(x))(x).sum(), [x], { differentiable: true });
    expect(numbers(first)).toEqual([4, 6]);
    expect(numbers(gradients(first.square().sum(), [x])[0])).toEqual([16, 24]);
    expect(gradients(checkpoint(() => w)(x).sum(), [x, w]).map(numbers)).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });

  test.each<[string, (h: Tensor) => Tensor]>([
    ['dropout', (h) => dropout(h, 0.5)],
    [
      'one inside another',
      (h) => checkpoint((a) => dropout(a.mul(rand([100])), 0.5))(dropout(h, 0.5)).mul(rand([100])),
    ],
  ])('draws once what is random, so that the gradient is of what was computed: %s', (_name, fn) => {
    const x = ones([100]).requiresGradients();
    // The functions are linear, so that at 1 the gradient is the value.
    const both = (): Tensor[] => {
      const y = checkpoint(fn)(x);
      return [y, ...gradients(y.sum(), [x], { retainGraph: true })];
    };
    const step = compile(both);
    const [first, second, third] = [both(), step(), step()].map((pair) => pair.map(numbers));
    for (const pair of [first, second, third]) expect(pair?.[1]).toEqual(pair?.[0]);
    expect(second).not.toEqual(first);
    expect(third).not.toEqual(second);
  });

  test('has the same gradients of gradients, by its argument, through it and by captured tensors', () => {
    const w = tensor([0.5, -1.5, 2], f64).requiresGradients();
    const x = tensor([1, 2, -3], f64).requiresGradients();
    const block = (h: Tensor): Tensor => h.mul(w).tanh();
    const orders = (fn: (h: Tensor) => Tensor): Tensor[] => {
      const first = gradients(fn(fn(x.mul(0.5))).sum(), [x, w], { differentiable: true });
      const second = gradients(first[0].mul(first[1]).sum(), [x, w], { differentiable: true });
      return [...first, ...second, ...gradients(second[0].add(second[1]).sin().sum(), [x, w])];
    };
    const plain = orders(block).map(numbers);
    const close = plain.map((values) => values.map((value) => expect.closeTo(value, 8) as number));
    expect(orders(checkpoint(block)).map(numbers)).toEqual(close);
    expect(orders(checkpoint(checkpoint(block))).map(numbers)).toEqual(close);
    expect(compile(() => orders(checkpoint(block)))().map(numbers)).toEqual(close);
  });
});

describe('assign', () => {
  test('checks its value and keeps the leaf a leaf', () => {
    const w = zeros([2]).requiresGradients();
    expect(() => w.assign(zeros([3]))).toThrow(/must be equal/);
    expect(() => w.assign(zeros([2], f64))).toThrow(/cast or move/);
    w.assign(tensor([1, 2]));
    expect(numbers(gradients(w.square().sum(), [w])[0])).toEqual([2, 4]);
  });
});
