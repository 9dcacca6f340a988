/** Reductions over axes, and what runs along one. */
import { dtypes, type Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { isWhole } from '../values/element-types.ts';
import { countOf, type HostArray } from '../values/host-array.ts';
import { OnnxTensor } from '../values/value.ts';
import { hostNumber, narrowed } from './elementwise.ts';

interface Reduction {
  readonly type: string;
  readonly device: (x: Tensor, axes: number[], keepDims: boolean) => Tensor;
  /** Of whole numbers that are known. */
  readonly host?: (numbers: readonly number[]) => number;
  /** The version since which axes are an input. */
  readonly axesAsInput: number;
}

const over =
  (name: 'sum' | 'prod' | 'mean' | 'logSumExp') =>
  (x: Tensor, axes: number[], keepDims: boolean): Tensor =>
    x[name](axes, { keepDims });

/** The largest or smallest; of nothing the other end of the range. */
const extremum =
  (name: 'max' | 'min') =>
  (x: Tensor, axes: number[], keepDims: boolean): Tensor => {
    if (axes.every((axis) => x.shape[axis] !== 0)) return x[name](axes, { keepDims });
    const shape = x.shape.flatMap((size, axis) => (axes.includes(axis) ? (keepDims ? [1] : []) : [size]));
    const { kind, min, max } = dtypes[x.dtype];
    const [low, high] = kind === 'float' ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] : [min, max];
    return x.filled(shape, name === 'max' ? low : high);
  };

const wholeMean = (x: Tensor, axes: number[], keepDims: boolean): Tensor => {
  if (dtypes[x.dtype].kind === 'float') return x.mean(axes, { keepDims });
  return x.sum(axes, { keepDims }).truncDivide(countOf(axes.map((axis) => x.shape[axis] as number)));
};

const total = (numbers: readonly number[]): number => numbers.reduce((sum, value) => sum + value, 0);

const rows: readonly Reduction[] = [
  { type: 'ReduceSum', device: over('sum'), host: total, axesAsInput: 13 },
  { type: 'ReduceMean', device: wholeMean, axesAsInput: 18 },
  { type: 'ReduceMax', device: extremum('max'), host: (numbers) => Math.max(...numbers), axesAsInput: 18 },
  { type: 'ReduceMin', device: extremum('min'), host: (numbers) => Math.min(...numbers), axesAsInput: 18 },
  {
    type: 'ReduceProd',
    device: over('prod'),
    host: (numbers) => numbers.reduce((product, value) => product * value, 1),
    axesAsInput: 18,
  },
  { type: 'ReduceL1', device: (x, axes, keepDims) => x.abs().sum(axes, { keepDims }), axesAsInput: 18 },
  { type: 'ReduceL2', device: (x, axes, keepDims) => x.square().sum(axes, { keepDims }).sqrt(), axesAsInput: 18 },
  { type: 'ReduceSumSquare', device: (x, axes, keepDims) => x.square().sum(axes, { keepDims }), axesAsInput: 18 },
  { type: 'ReduceLogSum', device: (x, axes, keepDims) => x.sum(axes, { keepDims }).log(), axesAsInput: 18 },
  { type: 'ReduceLogSumExp', device: over('logSumExp'), axesAsInput: 18 },
];

const reductions = rows.map(({ type, device, host, axesAsInput }) =>
  operator(type, (call) => {
    const x = call.input(0);
    call.needKind(x, 'float', 'integer', 'bool');
    const given = call.version < axesAsInput ? call.list('axes', undefined) : call.numbers(1);
    const keepDims = call.truth('keepdims', true);
    const rank = x.shape.length;
    // Without axes all are meant, or none: each element is then reduced by itself.
    const isNone = (given ?? []).length === 0 && call.truth('noop_with_empty_axes');
    const all = isNone ? [] : x.shape.map((_, axis) => axis);
    const axes = given && given.length > 0 ? given.map((axis) => call.axis(axis, rank)) : all;
    if (host && isWhole(x.type) && x.isKnown && x.size <= call.setting.hostElements && x.size > 0)
      return hostReduced(call, x, axes, keepDims, host);
    const tensor = call.placed(x);
    const reduced = device(tensor, axes, keepDims);
    return call.give(x.type, narrowed(x.type, reduced));
  }),
);

function hostReduced(
  call: Call,
  x: OnnxTensor,
  axes: readonly number[],
  keepDims: boolean,
  fold: (numbers: readonly number[]) => number,
): OnnxTensor {
  const kept = x.shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const all = (x.host() as HostArray<number>).permute([...kept, ...axes]).data;
  const length = countOf(axes.map((axis) => x.shape[axis] as number));
  const numbers = Array.from({ length: all.length / length }, (_, row) =>
    hostNumber(call, x.type, fold(all.slice(row * length, (row + 1) * length))),
  );
  const shape = x.shape.flatMap((size, axis) => (axes.includes(axis) ? (keepDims ? [1] : []) : [size]));
  return OnnxTensor.numbers(x.type, numbers, shape);
}

/** Positions of the largest or smallest, the first or the last of equals. */
const extremes = (['max', 'min'] as const).map((name) =>
  operator(name === 'max' ? 'ArgMax' : 'ArgMin', (call) => {
    const x = call.tensor(0);
    const axis = call.axis(call.real('axis', 0), x.rank);
    const keepDims = call.truth('keepdims', true);
    const find = (tensor: Tensor): Tensor =>
      name === 'max' ? tensor.argmax(axis, { keepDims }) : tensor.argmin(axis, { keepDims });
    if (!call.truth('select_last_index')) return call.give('i64', find(x));
    return call.give(
      'i64',
      find(x.flip(axis))
        .neg()
        .add((x.shape[axis] as number) - 1),
    );
  }),
);

/** Sums or products of what comes before along an axis, each with its own element or without. */
const cumulatives = (
  [
    ['CumSum', 0, (x: Tensor, axis: number) => x.cumsum(axis)],
    ['CumProd', 1, (x: Tensor, axis: number) => x.cumprod(axis)],
  ] as const
).map(([type, none, along]) =>
  operator(type, (call) => {
    const x = call.input(0);
    const axis = call.axis(call.number(1) ?? call.refuse('has no axis'), x.shape.length);
    const placed = call.placed(x);
    const reverse = call.truth('reverse');
    const from = reverse ? placed.flip(axis) : placed;
    const length = x.shape[axis] as number;
    const widths = x.shape.map((_, each): [number, number] => [each === axis ? 1 : 0, 0]);
    // Without its own, each is what the one before it came to.
    const shifted = (): Tensor => from.narrow(axis, 0, length - 1).pad(widths, none);
    const whole = along(call.truth('exclusive') && length > 0 ? shifted() : from, axis);
    return call.give(x.type, narrowed(x.type, reverse ? whole.flip(axis) : whole));
  }),
);

/** Up to version 12 a matrix is made of the axes before and after one; then it is that one axis. */
function alongAxis(type: string, compute: (x: Tensor, axis: number) => Tensor): Operator {
  return operator(type, (call) => {
    const x = call.input(0);
    const old = call.version < 13;
    const axis = call.axis(call.real('axis', old ? 1 : -1), Math.max(1, x.shape.length));
    const tensor = call.placed(x);
    if (!old) return call.give(x.type, compute(tensor, axis));
    const matrix = tensor.reshape([countOf(x.shape.slice(0, axis)), countOf(x.shape.slice(axis))]);
    return call.give(x.type, compute(matrix, 1).reshape(x.shape));
  });
}

/** 1 at the first of the largest, 0 elsewhere. */
const hardmax = (x: Tensor, axis: number): Tensor => {
  const first = x.argmax(axis, { keepDims: true });
  const positions = x.filled(x.shape, 1).cumsum(axis).sub(1);
  return positions.eq(first.cast(x.dtype)).cast(x.dtype);
};

/** Reductions, and what runs along an axis. */
export const reductionOperators: readonly Operator[] = [
  ...reductions,
  ...extremes,
  ...cumulatives,
  alongAxis('Softmax', (x, axis) => x.softmax(axis)),
  alongAxis('LogSoftmax', (x, axis) => x.logSoftmax(axis)),
  alongAxis('Hardmax', hardmax),
];
