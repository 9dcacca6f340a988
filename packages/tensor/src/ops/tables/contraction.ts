/** Products of the public table. */
import { conv2d } from '../../functions/convolution.ts';
import { einsum } from '../../functions/einsum.ts';
import { avgPool2d, maxPool2d } from '../../functions/pooling.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { DTypeKind } from '../../dtype/dtype.ts';
import type { Attributes } from '../../graph/op.ts';
import type { Case, Chooser, OpEntry, Values } from '../domain.ts';
import { between } from '../elementwise/define.ts';

interface Drawn {
  readonly shapes: readonly (readonly number[])[];
  readonly attributes: Attributes;
}

interface Rule {
  readonly name: string;
  readonly summary: string;
  readonly run: OpEntry['run'];
  readonly draw: (choose: Chooser) => Drawn;
  readonly kinds?: readonly DTypeKind[];
  readonly values?: Values;
  readonly smooth?: Values;
  readonly ulps?: number;
  readonly accumulated?: boolean;
}

function entry({
  name,
  summary,
  run,
  draw,
  kinds = ['float'],
  values = between(-2, 2),
  smooth = between(-2, 2),
  ulps = 8,
  accumulated = true,
}: Rule): OpEntry {
  const cases = (choose: Chooser, of: readonly DTypeKind[], from: Values): Case => {
    const { shapes, attributes } = draw(choose);
    const dtype = choose.dtype(of);
    return { inputs: shapes.map((shape) => ({ shape, dtype, values: from })), attributes };
  };
  return {
    name,
    family: 'contraction',
    summary,
    run,
    domain: (choose) => cases(choose, kinds, values),
    smooth: (choose) => cases(choose, ['float'], smooth),
    tolerance: { ulps, accumulated },
  };
}

const two = ([a, b]: readonly Tensor[]): [Tensor, Tensor] => [a as Tensor, b as Tensor];

function drawMatmul(choose: Chooser): Drawn {
  const [m, k, n] = [choose.integer(1, 20), choose.integer(1, 40), choose.integer(1, 20)];
  const form = choose.pick(['matrices', 'vector-matrix', 'matrix-vector', 'vectors', 'batched'] as const);
  const [left, right] = choose.broadcastable();
  const shapes = {
    matrices: [
      [m, k],
      [k, n],
    ],
    'vector-matrix': [[k], [k, n]],
    'matrix-vector': [[m, k], [k]],
    vectors: [[k], [k]],
    batched: [
      [...left.slice(-2), m, k],
      [...right.slice(-2), k, n],
    ],
  };
  return { shapes: shapes[form], attributes: {} };
}

function drawConv2d(choose: Chooser): Drawn {
  const groups = choose.integer(1, 2);
  const [inPer, outPer] = [choose.integer(1, 3), choose.integer(1, 3)];
  const kernel = [choose.integer(1, 3), choose.integer(1, 3)];
  const dilation = [choose.integer(1, 2), choose.integer(1, 2)];
  const stride = [choose.integer(1, 2), choose.integer(1, 2)];
  const padding = choose.boolean() ? 'same' : [choose.integer(0, 2), choose.integer(0, 2)];
  const size = [choose.integer(5, 8), choose.integer(5, 8)];
  return {
    shapes: [
      [choose.integer(1, 3), groups * inPer, ...size],
      [groups * outPer, inPer, ...kernel],
    ],
    attributes: { stride, padding, dilation, groups },
  };
}

function drawPool(choose: Chooser): Drawn {
  const kernel = [choose.integer(1, 3), choose.integer(1, 3)];
  const padding = kernel.map((size) => choose.integer(0, Math.floor(size / 2)));
  return {
    shapes: [[choose.integer(1, 2), choose.integer(1, 3), choose.integer(5, 7), choose.integer(5, 7)]],
    attributes: {
      kernel,
      stride: [choose.integer(1, 3), choose.integer(1, 3)],
      padding,
      ceilMode: choose.boolean(),
    },
  };
}

function drawMaxPool(choose: Chooser): Drawn {
  const { shapes, attributes } = drawPool(choose);
  return { shapes, attributes: { ...attributes, dilation: [choose.integer(1, 2), choose.integer(1, 2)] } };
}

function drawAvgPool(choose: Chooser): Drawn {
  const { shapes, attributes } = drawPool(choose);
  const counted = choose.pick([{}, { countPadding: true }, { divisor: 3 }]);
  return { shapes, attributes: { ...attributes, ...counted } };
}

const equations: readonly (readonly [equation: string, shapes: (choose: Chooser) => readonly (readonly number[])[]])[] =
  [
    [
      'ij,jk->ik',
      (c) => [
        [c.integer(1, 5), 4],
        [4, c.integer(1, 5)],
      ],
    ],
    [
      'bij,bkj->bik',
      (c) => [
        [2, c.integer(1, 5), 3],
        [2, c.integer(1, 5), 3],
      ],
    ],
    ['i,j->ij', (c) => [[c.integer(1, 5)], [c.integer(1, 5)]]],
    [
      'ii->i',
      (c) => {
        const n = c.integer(1, 5);
        return [[n, n]];
      },
    ],
    [
      'ii',
      (c) => {
        const n = c.integer(1, 5);
        return [[n, n]];
      },
    ],
    [
      '...ij,...jk->...ik',
      (c) => [
        [c.integer(1, 3), 1, c.integer(1, 4), 3],
        [2, 3, c.integer(1, 4)],
      ],
    ],
    [
      '...ij,ij',
      (c) => [
        [c.integer(1, 3), 2, 1],
        [1, c.integer(1, 4)],
      ],
    ],
    ['i...->...', (c) => [[c.integer(1, 4), c.integer(1, 4), c.integer(1, 4)]]],
    ['ij->ji', (c) => [[c.integer(1, 5), c.integer(1, 5)]]],
    ['ijk->j', (c) => [[c.integer(1, 4), c.integer(1, 4), c.integer(1, 4)]]],
    [
      'ab,bc,cd->ad',
      (c) => [
        [c.integer(1, 4), 3],
        [3, 2],
        [2, c.integer(1, 4)],
      ],
    ],
  ];

/** Matrix products, convolution, pooling and einsum. */
export const contractionTable: readonly OpEntry[] = [
  entry({
    name: 'matmul',
    summary: 'matrix product, batched and broadcast',
    kinds: ['float', 'signed', 'unsigned'],
    run: (inputs) => {
      const [a, b] = two(inputs);
      return a.matmul(b);
    },
    draw: drawMatmul,
  }),
  entry({
    name: 'conv2d',
    summary: '2-D convolution',
    run: (inputs, attributes) => conv2d(...two(inputs), attributes),
    draw: drawConv2d,
  }),
  entry({
    name: 'einsum',
    summary: 'Einstein summation',
    run: (inputs, { equation }) => einsum(equation as string, ...inputs),
    draw: (choose) => {
      const [equation, shapes] = choose.pick(equations);
      return { shapes: shapes(choose), attributes: { equation } };
    },
  }),
  entry({
    name: 'maxPool2d',
    summary: 'largest element of each window',
    run: ([x], attributes) => maxPool2d(x as Tensor, attributes as unknown as Parameters<typeof maxPool2d>[1]),
    draw: drawMaxPool,
    values: { kind: 'any' },
    smooth: { kind: 'distinct', gap: 0.02 },
    ulps: 0,
    accumulated: false,
  }),
  entry({
    name: 'avgPool2d',
    summary: 'mean of each window',
    run: ([x], attributes) => avgPool2d(x as Tensor, attributes as unknown as Parameters<typeof avgPool2d>[1]),
    draw: drawAvgPool,
  }),
];
