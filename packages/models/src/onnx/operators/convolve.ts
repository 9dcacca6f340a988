/** Convolutions of any number of axes, made of those of the engine, which have two. */
import { conv2d, type Tensor } from '@espalier/tensor';
import type { Windows } from './windows.ts';

/** A convolution of x [batch, in, …] with w [out, in / groups, …]; pads of x are of `filler`. */
export function convolve(x: Tensor, w: Tensor, windows: Windows, groups: number): Tensor {
  const rank = x.rank - 2;
  if (rank === 1) return squeezed(convolve(...raised(x, w, windows), groups));
  if (rank > 2) return deep(x, w, windows, groups);
  const { stride, dilation, pads } = windows;
  const isEven = pads.every(([before, after]) => before === after);
  const pair = (values: readonly number[]): [number, number] => [values[0] as number, values[1] as number];
  return conv2d(isEven ? x : x.pad(pads), w, {
    stride: pair(stride),
    dilation: pair(dilation),
    groups,
    padding: isEven ? pair(pads.map(([before]) => before)) : 0,
  });
}

/** One axis as two, of which the first has size 1. */
function raised(x: Tensor, w: Tensor, { kernel, stride, dilation, pads }: Windows): [Tensor, Tensor, Windows] {
  return [
    x.unsqueeze(2),
    w.unsqueeze(2),
    { kernel: [1, ...kernel], stride: [1, ...stride], dilation: [1, ...dilation], pads: [[0, 0], ...pads] },
  ];
}

const squeezed = (y: Tensor): Tensor => y.squeeze([2]);

/** The first axis becomes a part of the channels: one for each place of the kernel along it. */
function deep(x: Tensor, w: Tensor, { kernel, stride, dilation, pads }: Windows, groups: number): Tensor {
  const [first, ...others] = pads as [readonly [number, number], ...(readonly [number, number])[]];
  const rank = x.rank;
  const padded = x.pad([first, ...others.map((): [number, number] => [0, 0])]);
  // [batch, in, rest…, depth] to windows [batch, in, rest…, depth out, kernel].
  const order = [0, 1, ...others.map((_, axis) => axis + 3), 2];
  const spread = padded
    .permute(order)
    .windows([kernel[0] as number], { stride: [stride[0] as number], dilation: [dilation[0] as number] });
  const out = spread.shape[rank - 1] as number;
  const folded = spread.permute([0, rank - 1, 1, rank, ...others.map((_, axis) => axis + 2)]);
  const [batch, , channels, places, ...rest] = folded.shape as [number, number, number, number, ...number[]];
  const y = convolve(
    folded.reshape([batch * out, channels * places, ...rest]),
    w.reshape([w.shape[0] as number, (w.shape[1] as number) * places, ...w.shape.slice(3)]),
    { kernel: kernel.slice(1), stride: stride.slice(1), dilation: dilation.slice(1), pads: others },
    groups,
  );
  return y.reshape([batch, out, ...y.shape.slice(1)]).permute([0, 2, 1, ...others.map((_, axis) => axis + 3)]);
}

/**
 * The transpose of a convolution: x [batch, in, …] with w [in, out / groups, …], before pads are cut off; `extra` elements are
 * added at the end of each axis.
 */
export function convolveTransposed(
  x: Tensor,
  w: Tensor,
  windows: Windows,
  groups: number,
  extra: readonly number[],
): Tensor {
  const { kernel, stride, dilation } = windows;
  const channels = w.shape[0] as number;
  const spread = x.padWith({
    widths: [
      [0, 0],
      [0, 0],
      ...kernel.map((size, axis): [number, number] => {
        const reach = (size - 1) * (dilation[axis] as number);
        return [reach, reach];
      }),
    ],
    interior: [0, 0, ...stride.map((step) => step - 1)],
    value: 0,
  });
  const axes = kernel.map((_, axis) => axis + 3);
  const flipped = w
    .reshape([groups, channels / groups, w.shape[1] as number, ...kernel])
    .flip(axes)
    .permute([0, 2, 1, ...axes])
    .reshape([groups * (w.shape[1] as number), channels / groups, ...kernel]);
  const y = convolve(
    spread,
    flipped,
    { kernel, dilation, stride: kernel.map(() => 1), pads: kernel.map((): [number, number] => [0, 0]) },
    groups,
  );
  return y.pad(extra.map((count): [number, number] => [0, count]));
}
