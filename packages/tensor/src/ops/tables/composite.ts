/** Compositions of the public table that the planner fuses. */
import { scaledDotProductAttention } from '../../functions/attention/attention.ts';
import { arange } from '../../functions/create.ts';
import { batchNorm, crossEntropy, dropout, layerNorm } from '../../functions/normalize.ts';
import { Generator } from '../../random/generator.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Case, Chooser, OpEntry } from '../domain.ts';
import { between } from '../elementwise/define.ts';

function entry(
  name: string,
  summary: string,
  run: OpEntry['run'],
  draw: (choose: Chooser) => Case,
  ulps = 256,
): OpEntry {
  return {
    name,
    family: 'composite',
    summary,
    run,
    domain: draw,
    smooth: draw,
    tolerance: { ulps, accumulated: true },
  };
}

const axisCase = (choose: Chooser): Case => {
  const shape = choose.shape({ minRank: 1, minSize: 1 });
  return {
    inputs: [{ shape, dtype: choose.dtype(['float']), values: between(-8, 8) }],
    attributes: { axis: choose.integer(0, shape.length - 1) },
  };
};

const rowsCase = (choose: Chooser): Case => {
  const shape = [...choose.shape({ maxRank: 2, minSize: 1 }), choose.integer(2, 12)];
  const dtype = choose.dtype(['float']);
  return { inputs: [{ shape, dtype, values: { kind: 'distinct', gap: 0.05 } }], attributes: {} };
};

/** Queries, keys, values and perhaps a bias, with heads that share keys; causal, and with a mask that hides every third key, or not. */
const attentionCase = (choose: Chooser): Case => {
  const dtype = choose.dtype(['float']);
  const isLong = choose.integer(0, 3) === 3;
  const [heads, groups, size, valueSize] = [choose.integer(1, 2), choose.integer(1, 2), choose.integer(1, 6), choose.pick([1, 4, 8, 12])]; // prettier-ignore
  const queries = choose.integer(1, isLong ? 70 : 9);
  const keys = queries + choose.integer(0, isLong ? 300 : 9);
  const shapes = [
    [2, heads * groups, queries, size],
    [2, heads, keys, size],
    [heads, keys, valueSize],
    ...(choose.boolean() ? [[queries, keys]] : []),
  ];
  return {
    inputs: shapes.map((shape) => ({ shape, dtype, values: between(-2, 2) })),
    attributes: { causal: choose.boolean(), mask: choose.boolean() },
  };
};

const attention: OpEntry['run'] = ([q, k, v, bias], { causal, mask }) =>
  scaledDotProductAttention(q as Tensor, k as Tensor, v as Tensor, {
    causal: causal as boolean,
    ...(bias && { bias }),
    ...(mask === true && { mask: thirds(k as Tensor) }),
  });

/** The first key is seen, so that each query sees one. */
function thirds({ shape, device }: Tensor): Tensor {
  return arange(0, shape.at(-2), 1, { dtype: 'i32', device }).remainder(3).ne(2);
}

/** Softmax and its relatives, attention, normalisations, cross-entropy and dropout. */
export const compositeTable: readonly OpEntry[] = [
  entry(
    'softmax',
    'exponentials that sum to 1 along an axis',
    ([x], { axis }) => (x as Tensor).softmax(axis as number),
    axisCase,
  ),
  entry('logSoftmax', 'logarithm of softmax', ([x], { axis }) => (x as Tensor).logSoftmax(axis as number), axisCase),
  entry('scaledDotProductAttention', 'values, weighted by how queries and keys agree', attention, attentionCase),
  entry(
    'layerNorm',
    'normalised over the last axis',
    ([x]) => layerNorm(x as Tensor, { epsilon: 1e-2 }),
    rowsCase,
    1024,
  ),
  entry(
    'batchNorm',
    'normalised per channel',
    ([x]) => batchNorm(x as Tensor, { epsilon: 1e-2 }).output,
    (choose) => {
      const shape = [choose.integer(2, 5), choose.integer(1, 4), ...choose.shape({ maxRank: 2, minSize: 1 })];
      return {
        inputs: [{ shape, dtype: choose.dtype(['float']), values: { kind: 'distinct', gap: 0.05 } }],
        attributes: {},
      };
    },
    1024,
  ),
  entry(
    'crossEntropy',
    'mean negative log-likelihood of class indices',
    ([logits, targets], attributes) => crossEntropy(logits as Tensor, targets as Tensor, attributes),
    (choose) => {
      const rows = choose.integer(1, 6);
      const classes = choose.integer(2, 8);
      return {
        inputs: [
          { shape: [rows, classes], dtype: choose.dtype(['float']), values: between(-5, 5) },
          { shape: [rows], dtype: 'i32', values: { kind: 'integers', low: 0, high: classes - 1 } },
        ],
        attributes: {
          labelSmoothing: choose.pick([0, 0.1]),
          ...(choose.boolean() && { weight: Array.from({ length: classes }, (_, label) => 0.5 + label / 4) }),
        },
      };
    },
  ),
  entry(
    'dropout',
    'elements dropped at random, the rest scaled',
    ([x], { p, seed }) => dropout(x as Tensor, p as number, { generator: new Generator(seed as number) }),
    (choose) => ({
      inputs: [{ shape: choose.shape(), dtype: choose.dtype(['float']), values: between(-5, 5) }],
      attributes: { p: choose.pick([0, 0.25, 0.5]), seed: choose.integer(0, 1000) },
    }),
    8,
  ),
];
