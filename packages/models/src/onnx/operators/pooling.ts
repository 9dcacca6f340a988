/** Pooling over windows, and over whole images. */
import { dtypes, type Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';
import { countOf } from '../values/host-array.ts';
import { reachOf, windowsOf, type Windows } from './windows.ts';

/** Windows of a padded image, and how they lie on it. */
interface Pooled {
  /** [batch, channels, positions…, kernel…]. */
  readonly tensor: Tensor;
  readonly windows: Windows;
  /** Other values in the same windows: what stands in the pads, and beyond them. */
  readonly of: (x: Tensor, filler: number, beyond?: number) => Tensor;
}

/** How far the last window reaches over the padded end, if it may. */
function overhangs(call: Call, sizes: readonly number[], windows: Windows): number[] {
  return sizes.map((size, axis) => {
    const [before, after] = windows.pads[axis] as readonly [number, number];
    const step = windows.stride[axis] as number;
    const free = size + before + after - reachOf(windows, axis);
    if (free < 0) call.refuse(`has a kernel that is larger than the padded image of ${size + before + after}`);
    if (!call.truth('ceil_mode')) return 0;
    const count = Math.ceil(free / step);
    // A window that begins behind the image would see nothing of it.
    return count * step >= size + before ? 0 : Math.max(0, count * step - free);
  });
}

function pool(call: Call, x: Tensor, filler: number): Pooled {
  const sizes = x.shape.slice(2);
  const windows = windowsOf(call, sizes, call.list('kernel_shape', []));
  const { kernel, stride, dilation, pads } = windows;
  const over = overhangs(call, sizes, windows);
  const of = (values: Tensor, value: number, beyond = value): Tensor =>
    values
      .pad(pads, value)
      .pad(
        over.map((count): [number, number] => [0, count]),
        beyond,
      )
      .windows(kernel, { stride, dilation });
  return { tensor: of(x, filler), windows, of };
}

const kernelAxes = (rank: number): number[] => Array.from({ length: rank }, (_, axis) => axis - rank);

const least = (x: Tensor): number =>
  dtypes[x.dtype].kind === 'float' ? Number.NEGATIVE_INFINITY : dtypes[x.dtype].min;

const maxPool = operator('MaxPool', (call) => {
  const x = call.tensor(0);
  const { type } = call.input(0);
  const { tensor, windows, of } = pool(call, x, least(x));
  const rank = windows.kernel.length;
  const largest = call.give(type, tensor.max(kernelAxes(rank)));
  if (!call.wants(1)) return largest;
  const flat = (values: Tensor): Tensor => values.reshape([...values.shape.slice(0, -rank), countOf(windows.kernel)]);
  const best = flat(tensor).argmax(-1, { keepDims: true });
  // Where each element lies in the whole tensor; the innermost two may count the other way around.
  const order = x.shape.map((_, axis) => axis);
  const counted = call.real('storage_order', 0) === 1 ? order.slice(2).toReversed() : order.slice(2);
  const places = indexTensor(x, [0, 1, ...counted]);
  return [largest, call.give('i64', flat(of(places, 0)).gather(-1, best).squeeze([-1]))];
});

/** The position of each element if axes are counted in an order, outermost first. */
function indexTensor(x: Tensor, order: readonly number[]): Tensor {
  const sizes = order.map((axis) => x.shape[axis] as number);
  const back = order.map((_, axis) => order.indexOf(axis));
  const count = x
    .filled([countOf(x.shape)], 1)
    .cast('i32')
    .cumsum(0)
    .sub(1);
  return count.reshape(sizes).permute(back);
}

const averagePool = operator('AveragePool', (call) => {
  const x = call.tensor(0);
  const { tensor, windows, of } = pool(call, x, 0);
  const axes = kernelAxes(windows.kernel.length);
  // What lies over the padded end never counts; pads count where the node says so.
  const counted = of(x.filled([1, 1, ...x.shape.slice(2)], 1), Number(call.truth('count_include_pad')), 0);
  return call.give(call.input(0).type, tensor.sum(axes).div(counted.sum(axes)));
});

const lpPool = operator('LpPool', (call) => {
  const x = call.tensor(0);
  const p = call.real('p', 2);
  const { tensor, windows } = pool(call, x, 0);
  const sums = tensor.abs().pow(p).sum(kernelAxes(windows.kernel.length));
  return call.give(call.input(0).type, sums.pow(1 / p));
});

/** Over all but the batch and the channels. */
function globally(type: string, reduce: (x: Tensor, axes: number[], call: Call) => Tensor): Operator {
  return operator(type, (call) => {
    const x = call.tensor(0);
    return call.give(
      call.input(0).type,
      reduce(
        x,
        x.shape.slice(2).map((_, axis) => axis + 2),
        call,
      ),
    );
  });
}

/** Each value back to the place that MaxPool took it from. */
const unpool = operator('MaxUnpool', (call) => {
  const x = call.tensor(0);
  const places = call.tensor(1);
  const kernel = call.list('kernel_shape', []);
  const stride = call.list(
    'strides',
    kernel.map(() => 1),
  );
  const pads = call.list(
    'pads',
    kernel.flatMap(() => [0, 0]),
  );
  const natural = x.shape
    .slice(2)
    .map(
      (size, axis) =>
        (size - 1) * (stride[axis] as number) +
        (kernel[axis] as number) -
        (pads[axis] as number) -
        (pads[axis + kernel.length] as number),
    );
  const inferred = [...x.shape.slice(0, 2), ...natural];
  const wanted = call.numbers(2) ?? inferred;
  // Places count in the image as MaxPool saw it, which a larger output only surrounds.
  const flat = x
    .flatten()
    .scatterInto(places.flatten(), 0, [countOf(inferred)])
    .reshape(inferred);
  return call.give(
    call.input(0).type,
    flat.pad(wanted.map((size, axis): [number, number] => [0, size - (inferred[axis] as number)])),
  );
});

/** Pooling. */
export const poolingOperators: readonly Operator[] = [
  maxPool,
  averagePool,
  lpPool,
  unpool,
  globally('GlobalAveragePool', (x, axes) => x.mean(axes, { keepDims: true })),
  globally('GlobalMaxPool', (x, axes) => x.max(axes, { keepDims: true })),
  globally('GlobalLpPool', (x, axes, call) => {
    const p = call.real('p', 2);
    return x
      .abs()
      .pow(p)
      .sum(axes, { keepDims: true })
      .pow(1 / p);
  }),
];
