// Gradients where functions have kinks, ties and poles: what PyTorch 2.13 gives (tools/golden/kinks.py).
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  ArgumentError,
  concat,
  gradients,
  grad,
  LifetimeError,
  ones,
  tensor,
  zeros,
  type NestedNumbers,
  type Tensor,
} from '../../src/index.ts';

/** A number; a text where JSON has none. */
type Plain = number | string;
type Row = readonly [name: string, inputs: readonly Plain[][], gradients: readonly Plain[][]];

const kinks = JSON.parse(readFileSync(new URL('../golden/kinks.json', import.meta.url), 'utf8')) as readonly Row[];

type Run = (...inputs: Tensor[]) => Tensor;

const withOptions: Readonly<Record<string, Run>> = {
  clamp: (x) => x.clamp(-1, 1),
  norm1: (x) => x.norm(1),
  norm3: (x) => x.norm(3),
  'norm1.5': (x) => x.norm(1.5),
  'norm0.5': (x) => x.norm(0.5),
  normInf: (x) => x.norm(Number.POSITIVE_INFINITY),
  cumprod: (x) => x.cumprod(0),
  logSumExp: (x) => x.logSumExp(0),
  softmax: (x) => x.softmax(0).select(0, 0),
  sort: (x) => x.topK(3, 0, { largest: false }).values.mul(tensor([1, 2, 3], { dtype: 'f64' })),
};

function run(name: string, inputs: readonly Tensor[]): Tensor {
  const [first, ...rest] = inputs as readonly [Tensor, ...Tensor[]];
  return (withOptions[name] ?? ((x, ...others) => (Reflect.get(x, name) as Run).apply(x, others)))(first, ...rest);
}

const leaf = (values: NestedNumbers): Tensor => tensor(values, { dtype: 'f64' }).requiresGradients();
const flat = (values: NestedNumbers): number[] => (typeof values === 'number' ? [values] : values.flatMap(flat));

function expectClose(found: NestedNumbers, expected: NestedNumbers): void {
  const [values, wanted] = [flat(found), flat(expected)];
  expect(values.length).toBe(wanted.length);
  for (const [index, value] of values.entries()) {
    const other = wanted[index] as number;
    if (Number.isFinite(other)) expect(Math.abs(value - other), String(values)).toBeLessThanOrEqual(1e-6);
    else expect(value, String(values)).toBe(other);
  }
}

test.each(kinks)('the gradient of %s at %j', (name, inputs, expected) => {
  const leaves = inputs.map((values) => leaf(values.map(Number)));
  const found = gradients(run(name, leaves).sum(), leaves);
  for (const [index, gradient] of found.entries())
    expectClose(gradient.arraySync(), (expected[index] ?? []).map(Number));
});

/** Second derivatives, row by row. */
function hessian(fn: Run, values: number[]): NestedNumbers {
  const x = leaf(values);
  const [first] = gradients(fn(x), [x], { differentiable: true });
  return values.map((_, row) => gradients(first.select(0, row), [x], { retainGraph: true })[0].arraySync());
}

describe('second derivatives of products beside zeros', () => {
  test.each([
    [[2, 0, 3], [[0, 3, 0], [3, 0, 2], [0, 2, 0]]],
    [[0, 0, 3], [[0, 3, 0], [3, 0, 0], [0, 0, 0]]],
    [[0, 0, 0], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]],
    [[2, 5, 3], [[0, 3, 5], [3, 0, 2], [5, 2, 0]]],
  ])('of prod at %j', (values, expected) => {
    expectClose(hessian((x) => x.prod(), values), expected);
    expectClose(hessian((x) => x.reshape(3, 1).prod([0, 1]), values), expected);
  }); // prettier-ignore
  test.each([
    [[2, 0, 3], [[0, 4, 0], [4, 0, 2], [0, 2, 0]]],
    [[0, 0, 3], [[0, 4, 0], [4, 0, 0], [0, 0, 0]]],
    [[2, 5, 3], [[0, 4, 5], [4, 0, 2], [5, 2, 0]]],
  ])('of cumprod at %j', (values, expected) => {
    expectClose(hessian((x) => x.cumprod(0).sum(), values), expected);
  }); // prettier-ignore
  test('of the variance of equal elements', () => {
    expectClose(hessian((x) => x.var(), [2, 2]), [[1, -1], [-1, 1]]); // prettier-ignore
  });
  test('third derivatives too', () => {
    const third = grad((x) => grad((y) => grad((z) => z.prod())(y).sum())(x).sum());
    expectClose(third(tensor([0, 0, 0], { dtype: 'f64' })).arraySync(), [2, 2, 2]);
  });
});

describe('what does not change has gradient 0', () => {
  test('steps, alone and on the way', () => {
    const x = leaf([-1.5, 0, 2]);
    for (const result of [
      x.sign(),
      x.floor(),
      x.round(),
      x.gt(0).cast('f64'),
      x.floorDivide(2),
      x.argmax().cast('f64'),
    ])
      expect(gradients(result.sum(), [x])[0].arraySync()).toEqual([0, 0, 0]);
    const realized = x.gt(0).cast('f64').sum();
    expect(realized.itemSync()).toBe(1);
    expect(gradients(realized, [x])[0].arraySync()).toEqual([0, 0, 0]);
    expect(grad((a) => a.ceil().sum())(tensor([0.5])).arraySync()).toEqual([0]);
    x.sign().sum().backward();
    expect(x.grad?.arraySync()).toEqual([0, 0, 0]);
  });

  test('results without elements', () => {
    const empty = zeros([0, 3]).requiresGradients();
    const x = ones([2, 3]).requiresGradients();
    const indices = tensor([], { dtype: 'i32' });
    for (const [result, input] of [
      [empty.sum(), empty],
      [empty.square().mean([1]).sum(), empty],
      [x.narrow(0, 0, 0).sum(), x],
      [x.take(indices).sum(), x],
      [concat([empty, empty]).sum(), empty],
      [empty.t().matmul(empty).sum(), empty],
      [empty.pad([[1, 1]]).sum(), empty],
      [empty.gather(0, zeros([0, 3], { dtype: 'i32' })).sum(), empty],
    ] as const) {
      const [gradient] = gradients(result, [input]);
      expect([gradient.shape, gradient.dataSync().every((value) => value === 0)]).toEqual([input.shape, true]);
    }
  });
});

describe('what cannot be known is an error, not zero', () => {
  test('backward of a result that nothing flows through', () => {
    const x = leaf([-1, 2]);
    const results = [x.gt(0).cast('f64').sum(), x.argmax().cast('f64'), x.isNaN().any(), tensor(3), x.detach().sum()];
    for (const result of results) {
      expect(() => result.backward()).toThrow(ArgumentError);
      expect(() => result.backward()).toThrow('gradients: the result has no gradient');
    }
    expect(x.grad).toBeUndefined();
  });

  test('an input that does not require gradients', () => {
    const [w, x] = [leaf([1, 2]), tensor([3, 4], { dtype: 'f64' })];
    expect(() => gradients(w.mul(x).sum(), [w, x])).toThrow('gradients: input 1 does not require gradients');
  });

  test('a graph that was let go below another result', () => {
    const x = leaf([1, 2]);
    const shared = x.square();
    gradients(shared.sum(), [x]);
    expect(() => gradients(shared.mul(2).sum(), [x])).toThrow(LifetimeError);
    expect(() => gradients(shared.detach().mul(x).sum(), [x])).not.toThrow();
  });

  test('a gradient that was not to be differentiated again', () => {
    const x = leaf([1, 2]);
    const [first] = gradients(x.square().sum(), [x]);
    expect(() => gradients(first.sum(), [x])).toThrow('{ differentiable: true }');
  });
});

test('gelu by tanh keeps its digits below zero, and is finite far out, with its first two gradients', () => {
  const share = (x: number): number => 1 / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  const values = Array.from({ length: 64 }, (_, i) => Math.fround(-6.4 + i / 10));
  const found = tensor(values, { dtype: 'f32' }).gelu({ approximate: 'tanh' }).arraySync() as number[];
  for (const [i, x] of values.entries())
    expect(Math.abs((found[i] as number) - x * share(x))).toBeLessThanOrEqual(2e-5 * Math.abs(x * share(x)));
  const far = [-Infinity, -1e4, -40, -12, 12, 40, 1e4];
  const x = tensor(far, { dtype: 'f32' }).requiresGradients();
  expect(x.gelu({ approximate: 'tanh' }).arraySync()).toEqual([-0, -0, -0, -0, 12, 40, 1e4]);
  const finite = tensor(far.slice(1), { dtype: 'f32' }).requiresGradients();
  const [first] = gradients(finite.gelu({ approximate: 'tanh' }).sum(), [finite]);
  expectClose(first.arraySync(), [0, 0, 0, 1, 1, 1]);
  const slope = grad((one: Tensor) => one.gelu({ approximate: 'tanh' }).sum());
  expectClose(grad((each: Tensor) => slope(each).sum())(finite.detach()).arraySync(), [0, 0, 0, 0, 0, 0]);
});
