// Element-wise ops from outside run, fuse and differentiate as built-in ones do, and what is wrong with one is said at once.
import { checkOp, checkOpGradient } from '@espalier/testing';
import {
  ArgumentError,
  compile,
  defineElementwise,
  device,
  DTypeError,
  gradients,
  memory,
  scalar,
  tensor,
  type ElementwiseOpDescription,
} from '@espalier/tensor';
import { describe, expect, test } from 'vitest';

const { abs, add, div, exp, lt, mul, select } = scalar;

const softsign: ElementwiseOpDescription = {
  name: 'softsign',
  summary: 'a / (1 + |a|)',
  arity: 1,
  argumentRule: 'float',
  meaning: (a) => div(a, add(1, abs(a))),
  gradient: (g, _, a) => [g.div(a.abs().add(1).square())],
  values: [{ kind: 'range', low: -1e6, high: 1e6 }],
  smooth: [{ kind: 'range', low: 0.1, high: 2 }],
  ulps: 4,
};

const swishOf: ElementwiseOpDescription = {
  name: 'swish-of',
  summary: 'a · sigmoid(beta · a)',
  arity: 1,
  argumentRule: 'float',
  meaningOf:
    ({ beta }) =>
    (a) =>
      div(a, add(1, exp(mul(a, -(beta as number))))),
  gradientOf:
    ({ beta }) =>
    (g, _, a) => {
      const share = a.mul(beta as number).sigmoid();
      return [
        g.mul(
          share.mul(
            share
              .neg()
              .add(1)
              .mul(a.mul(beta as number))
              .add(1),
          ),
        ),
      ];
    },
  values: [{ kind: 'range', low: -8, high: 8 }],
  attributes: [{ beta: 1 }, { beta: 0.5 }],
  ulps: 32,
};

/** a where c is positive, else b. */
const gate: ElementwiseOpDescription = {
  name: 'gate',
  summary: 'a or b by the sign of c',
  arity: 3,
  meaning: (a, b, c) => select(lt(0, c), a, b),
  gradient: (g, _, __, ___, c) => [g.where(c.gt(0), 0), g.where(c.gt(0).logicalNot(), 0), undefined],
  smooth: [-2, -2, 0.1].map((low) => ({ kind: 'range', low, high: 2 })),
};

const ops = [softsign, swishOf, gate].map((each) => [each.name, defineElementwise(each)] as const);

describe.each(ops)('%s', (_, { entry }) => {
  test.each(['reference', 'cpu'] as const)('agrees with the reference on %s', async (name) => {
    expect((await checkOp(entry, await device(name), { runs: 30 })).cases).toBeGreaterThan(0);
  });

  test('has the gradient of finite differences, and the second one', async () => {
    await checkOpGradient(entry, { runs: 8 });
    await checkOpGradient(entry, { order: 2, runs: 2 });
  });
});

describe('an op from outside', () => {
  const [softsigned, swished, gated] = ops.map(([, op]) => op) as [Op, Op, Op];
  type Op = (typeof ops)[number][1];
  const x = tensor([-3, -1, 0, 2]);

  test('broadcasts, and takes numbers beside tensors and integers beside floats', () => {
    expect(softsigned([x]).arraySync()).toEqual([-0.75, -0.5, 0, Math.fround(2 / 3)]);
    expect(softsigned([tensor([3], { dtype: 'i32' })]).dtype).toBe('f32');
    expect(gated([1, tensor([[7], [8]]), x]).arraySync()).toEqual([
      [7, 7, 7, 1],
      [8, 8, 8, 1],
    ]);
  });

  test('is in compiled steps and gradients, with its attributes as part of what it is', () => {
    const step = compile((input: typeof x) => {
      const tracked = input.requiresGradients();
      const [gradient] = gradients(softsigned([tracked.mul(2)]).sum(), [tracked]);
      return gradient;
    });
    expect(step(x).arraySync()).toEqual([2 / 49, 2 / 9, 2, 2 / 25].map(Math.fround));
    expect(swished([x], { beta: 1 }).arraySync()).not.toEqual(swished([x], { beta: 2 }).arraySync());
  });

  test('of the same name as another is still itself', () => {
    const other = defineElementwise({ ...softsign, meaning: (a) => mul(a, 2), gradient: (g) => [g.mul(2)] });
    expect(
      softsigned([x])
        .add(other([x]))
        .arraySync(),
    ).toEqual([-6.75, -2.5, 0, Math.fround(4 + 2 / 3)]);
  });

  test('frees what it computes', () => {
    const before = memory().buffers;
    softsigned([x]).dispose();
    expect(memory().buffers).toBe(before);
  });

  test('is refused operands and attributes that it does not take, where it is called', () => {
    expect(() => softsigned([])).toThrow('softsign: takes 1 operands, not 0');
    expect(() => softsigned([2])).toThrow('softsign: has no tensor among its operands');
    expect(() => softsigned(x as never)).toThrow('softsign: the operands is');
    expect(() => softsigned(['a', x] as never)).toThrow(ArgumentError);
    expect(() => swished([x], { beta: Number.NaN })).toThrow('its attributes hold NaN at beta');
    expect(() => swished([x])).toThrow(ArgumentError);
    const bits = defineElementwise({ ...softsign, argumentRule: 'bits', meaning: (a) => a, gradient: (g) => [g] });
    expect(() => bits([x])).toThrow(DTypeError);
    const onFloats = defineElementwise({
      ...softsign,
      argumentRule: 'numeric',
      kinds: ['float'],
      meaning: (a) => exp(a),
    });
    expect(onFloats([x]).size).toBe(4);
    expect(() => onFloats([tensor([1], { dtype: 'i32' })])).toThrow('its meaning has exp of i32');
  });

  test('whose gradient is no list of parts is told so', () => {
    const wrong = defineElementwise({ ...softsign, gradient: (g) => g as never });
    const tracked = x.requiresGradients();
    expect(() => gradients(wrong([tracked]).sum(), [tracked])).toThrow('softsign: its gradient gave');
  });
});

describe('a description that is none is refused by its field', () => {
  test.each<[string, Partial<Record<keyof ElementwiseOpDescription, unknown>>, string]>([
    ['no name', { name: undefined }, 'name is missing'],
    ['a name that is none', { name: 7 }, 'name is 7; it must be a text'],
    ['no operands', { arity: 0 }, 'arity is 0; it must be an integer from 1 to 6'],
    ['a misspelt field', { meanning: 1 } as never, 'has no option "meanning"'],
    ['no meaning', { meaning: undefined }, 'softsign needs a meaning'],
    ['two meanings', { meaningOf: () => (a: never) => a }, 'and not both'],
    [
      'attributes that nothing gives',
      { meaning: undefined, meaningOf: () => (a: never) => a },
      'give some in attributes',
    ],
    ['values of too many', { values: [{ kind: 'any' }, { kind: 'any' }] }, 'values of softsign are 2; give 1'],
    ['values of no kind', { values: [{ kind: 'some' }] }, 'values is'],
    ['a meaning that is none', { meaning: () => 5 }, 'its meaning has 5, which is no expression'],
    [
      'a meaning of another dtype',
      { meaning: (a: never) => lt(a, 0) },
      'its meaning is "bool" where it has to be "f32"',
    ],
    ['a meaning that mixes dtypes', { meaning: (a: never) => add(a, lt(a, 0)) }, 'operands are f32 and bool'],
    [
      'a meaning of an operand there is none of',
      { meaning: (a: never) => add(a, scalar.argument(1, 'f32')) },
      'the argument 1, and it takes 1',
    ],
    ['a constant that JSON cannot hold', { meaning: (a: never) => add(a, Infinity) }, 'the constant Infinity'],
    [
      'an instruction that there is not',
      { meaning: (a: never) => ({ kind: 'apply', op: 'toString', args: [a], dtype: 'f32' }) },
      'which there is not',
    ],
    [
      'an instruction of another dtype',
      { argumentRule: 'integer', kinds: ['signed'], meaning: (a: never) => exp(a) },
      'exp of i32, and it takes f32, f64',
    ],
  ])('%s', (_, change, message) => {
    const define = (): unknown => defineElementwise({ ...softsign, ...change } as ElementwiseOpDescription);
    expect(define).toThrow(ArgumentError);
    expect(define).toThrow(message);
  });
});

test('attributes that JSON would change are refused, wherever they stand: plans are told apart by their JSON', () => {
  const tilt = defineElementwise({
    name: 'tilt',
    summary: 'a · by',
    arity: 1,
    argumentRule: 'float',
    meaningOf:
      ({ by }) =>
      (a) =>
        mul(a, by as number),
    attributes: [{ by: 1 }],
    values: [{ kind: 'range', low: -1, high: 1 }],
  });
  const x = tensor([3]);
  expect(tilt([x], { by: 0 }).arraySync()).toEqual([0]);
  const circular: { inside?: unknown } = {};
  circular.inside = circular;
  for (const by of [-0, NaN, Infinity, () => 1, new Map(), [1, [-0]], { deep: { deeper: -0 } }, circular])
    expect(() => tilt([x], { by }), String(Object.is(by, -0))).toThrow(/attributes are JSON: pass it as text/);
});

test('a gradient rule that gives another dtype is refused where gradients are taken: sums of both would have neither', () => {
  const { gradient: _, ...without } = softsign;
  const halved = defineElementwise({ ...without, name: 'halved', gradient: (g) => [g.cast('f64')] });
  const x = tensor([2]).requiresGradients();
  expect(() => gradients(halved([x]).sum(), [x])).toThrow(
    /halved.* its gradient rule gave f64 for an input of f32; cast it/,
  );
});
