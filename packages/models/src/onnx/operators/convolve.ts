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
 *
 * Elements of the result that lie a stride apart are sums over the same part of the kernel: each of these phases is a
 * convolution of x as it is, and all are one, whose channels are then laid side by side (Shi et al., "Real-time single image
 * and video super-resolution using an efficient sub-pixel convolutional neural network", 2016). Nothing is multiplied by the
 * zeros that a stride would put between the elements of x.
 */
export function convolveTransposed(
  x: Tensor,
  w: Tensor,
  { kernel, stride, dilation }: Windows,
  groups: number,
  extra: readonly number[],
): Tensor {
  const [inputs, outputs] = w.shape as [number, number];
  const axes = kernel.map((_, axis) => axis);
  const at = (values: readonly number[], axis: number): number => values[axis] as number;
  // A dilated kernel is one with zeros in it; its phases are taken of whole strides.
  const reach = axes.map((axis) => (at(kernel, axis) - 1) * at(dilation, axis) + 1);
  const taps = axes.map((axis) => Math.ceil(at(reach, axis) / at(stride, axis)));
  const whole = w.padWith({
    widths: [
      [0, 0],
      [0, 0],
      ...axes.map((axis): [number, number] => [0, at(taps, axis) * at(stride, axis) - at(reach, axis)]),
    ],
    interior: [0, 0, ...dilation.map((step) => step - 1)],
    value: 0,
  });
  // [groups, in / groups, out / groups, taps, phases, …] to [groups · out / groups · phases, in / groups, taps].
  const [tapAxes, phaseAxes] = [axes.map((axis) => 2 * axis + 3), axes.map((axis) => 2 * axis + 4)];
  const phased = whole
    .reshape([groups, inputs / groups, outputs, ...axes.flatMap((axis) => [at(taps, axis), at(stride, axis)])])
    .flip(tapAxes)
    .permute([0, 2, ...phaseAxes, 1, ...tapAxes])
    .reshape([-1, inputs / groups, ...taps]);
  const plain = {
    kernel: taps,
    stride: axes.map(() => 1),
    dilation: axes.map(() => 1),
    pads: taps.map((count): [number, number] => [count - 1, count - 1]),
  };
  const y = convolve(x, phased, plain, groups);
  const [batch = 0, , ...places] = y.shape;
  const channels = groups * outputs;
  const woven = y
    .reshape([batch, channels, ...stride, ...places])
    .permute([0, 1, ...axes.flatMap((axis) => [axis + 2 + axes.length, axis + 2])])
    .reshape([batch, channels, ...axes.map((axis) => at(places, axis) * at(stride, axis))]);
  return woven.pad(
    axes.map((axis): [number, number] => {
      const size = (at(x.shape, axis + 2) - 1) * at(stride, axis) + at(reach, axis) + at(extra, axis);
      return [0, size - at(woven.shape, axis + 2)];
    }),
  );
}
