/** Reductions of the public table. */
import type { Tensor } from '../../tensor/tensor.ts';
import type { Attributes } from '../../graph/op.ts';
import type { Case, Chooser, OpEntry, Values } from '../domain.ts';
import { between } from '../elementwise/define.ts';

interface ReductionAttributes {
  readonly axes?: readonly number[];
  readonly keepDims: boolean;
  readonly p?: keyof typeof orders;
}

const read = (attributes: Attributes): ReductionAttributes => attributes as unknown as ReductionAttributes;

/** Some axes of a shape, or none named, which means all. */
function axesFor(choose: Chooser, rank: number): Pick<ReductionAttributes, 'axes'> {
  if (choose.boolean()) return {};
  return { axes: Array.from({ length: rank }, (_, axis) => axis).filter(() => choose.boolean()) };
}

function drawCase(choose: Chooser, kinds: Parameters<Chooser['dtype']>[0], values: Values, minSize: number): Case {
  // Two elements at least need an axis.
  const shape = choose.shape({ minSize, minRank: minSize > 1 ? 1 : 0 });
  return {
    inputs: [{ shape, dtype: choose.dtype(kinds), values }],
    attributes: { ...axesFor(choose, shape.length), keepDims: choose.boolean() },
  };
}

type Method = 'sum' | 'prod' | 'max' | 'min' | 'mean' | 'any' | 'all' | 'logSumExp' | 'var' | 'std' | 'norm';

const apply = (x: Tensor, name: Method, { axes, keepDims, p }: ReductionAttributes): Tensor =>
  name === 'norm' ? x.norm(orders[p ?? 'two'], axes, { keepDims }) : x[name](axes, { keepDims });

/** Orders of norms, by a word: attributes are JSON, which has no infinity. */
const orders = {
  zero: 0,
  one: 1,
  half: 0.5,
  two: 2,
  three: 3,
  negative: -1,
  largest: Infinity,
  smallest: -Infinity,
} as const;

interface Rule {
  readonly summary: string;
  readonly kinds: Parameters<Chooser['dtype']>[0];
  readonly values: Values;
  readonly smooth?: Values;
  readonly minSize?: number;
  readonly ulps?: number;
  readonly accumulated?: boolean;
}

/** Magnitudes of which no two change places within a step of finite differences. */
const apart: Values = { kind: 'distinct', gap: 0.05, low: 0.5 };

const numbers = ['float', 'signed', 'unsigned', 'bool'] as const;

const rules: Readonly<Record<Method, Rule>> = {
  sum: {
    summary: 'sum over axes',
    kinds: numbers,
    values: between(-100, 100),
    smooth: between(-2, 2),
    accumulated: true,
  },
  prod: {
    summary: 'product over axes',
    kinds: ['float'],
    values: between(0.8, 1.2),
    smooth: between(0.5, 1.5),
    ulps: 64,
  },
  max: {
    summary: 'largest element over axes',
    kinds: numbers,
    values: { kind: 'any' },
    smooth: { kind: 'distinct', gap: 0.05 },
    minSize: 1,
    ulps: 0,
  },
  min: {
    summary: 'smallest element over axes',
    kinds: numbers,
    values: { kind: 'any' },
    smooth: { kind: 'distinct', gap: 0.05 },
    minSize: 1,
    ulps: 0,
  },
  mean: {
    summary: 'arithmetic mean over axes',
    kinds: ['float', 'signed', 'unsigned'],
    values: between(-100, 100),
    smooth: between(-2, 2),
    minSize: 1,
    accumulated: true,
  },
  any: { summary: 'whether any element is not 0', kinds: numbers, values: { kind: 'any' }, ulps: 0 },
  all: { summary: 'whether every element is not 0', kinds: numbers, values: { kind: 'any' }, ulps: 0 },
  logSumExp: {
    summary: 'log of the sum of exponentials',
    kinds: ['float'],
    values: between(-50, 50),
    smooth: between(-2, 2),
    minSize: 1,
    ulps: 64,
    accumulated: true,
  },
  var: {
    summary: 'variance over axes',
    kinds: ['float'],
    values: between(-10, 10),
    smooth: between(-2, 2),
    minSize: 2,
    ulps: 64,
    accumulated: true,
  },
  std: {
    summary: 'standard deviation over axes',
    kinds: ['float'],
    values: { kind: 'distinct', gap: 0.05 },
    smooth: { kind: 'distinct', gap: 0.05 },
    minSize: 2,
    ulps: 64,
    accumulated: true,
  },
  norm: {
    summary: 'norm of any order over axes',
    kinds: ['float'],
    minSize: 1,
    values: between(-10, 10),
    smooth: between(0.5, 2),
    ulps: 64,
    accumulated: true,
  },
};

function foldEntry(name: Method, rule: Rule): OpEntry {
  const { summary, kinds, values, smooth, minSize = 0, ulps = 16, accumulated = false } = rule;
  // The deviation of a single element is 0 or undefined; its root has no gradient there.
  const whole = name === 'std' || name === 'var';
  const draw = (choose: Chooser, of: Parameters<Chooser['dtype']>[0], from: Values): Case => {
    const drawn = drawCase(choose, of, from, minSize);
    if (whole) return { ...drawn, attributes: { keepDims: choose.boolean() } };
    if (name !== 'norm') return drawn;
    // How many elements are not 0 has no slope; which magnitude is the largest has one where they differ.
    const p = choose.pick(Object.keys(orders).filter((order) => from === values || order !== 'zero'));
    const attributes = { ...drawn.attributes, p };
    if (from === values || !(p === 'largest' || p === 'smallest')) return { ...drawn, attributes };
    return { inputs: drawn.inputs.map((input) => ({ ...input, values: apart })), attributes };
  };
  return {
    name,
    family: 'reduction',
    summary,
    run: ([x], attributes) => apply(x as Tensor, name, read(attributes)),
    domain: (choose) => draw(choose, kinds, values),
    ...(smooth && { smooth: (choose: Chooser) => draw(choose, ['float'], smooth) }),
    tolerance: { ulps, accumulated },
  };
}

function positionEntry(name: 'argmax' | 'argmin'): OpEntry {
  return {
    name,
    family: 'reduction',
    summary: `position of the first ${name === 'argmax' ? 'largest' : 'smallest'} element`,
    run: ([x], { axis, keepDims }) => (x as Tensor)[name](axis as number | undefined, { keepDims: keepDims === true }),
    domain: (choose) => {
      const shape = choose.shape({ minRank: 1, minSize: 1 });
      const axis = choose.boolean() ? { axis: choose.integer(-shape.length, shape.length - 1) } : {};
      return {
        inputs: [{ shape, dtype: choose.dtype(['float', 'signed', 'unsigned']), values: { kind: 'any' } }],
        attributes: { ...axis, keepDims: choose.boolean() },
      };
    },
    tolerance: { ulps: 0 },
  };
}

/** Folds, moments and positions. */
export const reductionTable: readonly OpEntry[] = [
  ...(Object.entries(rules) as [Method, Rule][]).map(([name, rule]) => foldEntry(name, rule)),
  positionEntry('argmax'),
  positionEntry('argmin'),
];
