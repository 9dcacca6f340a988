/** Convolution over images [batch, channels, height, width]. */
import {
  aCount,
  aPositiveInteger,
  check,
  checkOptions,
  either,
  listOf,
  oneOf,
  ruleOf,
  type OptionRules,
  type Rule,
} from '../arguments/rules.ts';
import { aTensor } from '../arguments/types.ts';
import { ShapeError } from '../errors.ts';
import type { Conv2dGeometry } from '../kernel/spec.ts';
import { windowCount } from '../shape/layout.ts';
import { showShape } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** One number for both axes, or [height, width]. */
export type Size2d = number | readonly [height: number, width: number];

/** Options of a convolution. */
export interface Conv2dOptions {
  /** One per output channel. */
  readonly bias?: Tensor;
  /** Default: 1. */
  readonly stride?: Size2d;
  /** Zeros around the image; `same` keeps sizes at stride 1 (a odd number left over goes to the end); `valid`, the default, is 0. */
  readonly padding?: Size2d | 'same' | 'valid';
  /** Distance between the elements a kernel touches. Default: 1. */
  readonly dilation?: Size2d;
  /** Channels in as many independent blocks. Default: 1. */
  readonly groups?: number;
}

/** Both sizes of a pair given as one number or two. */
export function pair(size: Size2d): readonly [number, number] {
  return typeof size === 'number' ? [size, size] : size;
}

function sizeOfBoth(element: Rule<number>): Rule<Size2d> {
  const list = listOf(element);
  return ruleOf(`${element.is}, or two of them for [height, width]`, (value) =>
    Array.isArray(value) ? list.holds(value) && value.length === 2 : element.holds(value),
  );
}

/** One size of at least 1, or two. */
export const positiveSize: Rule<Size2d> = sizeOfBoth(aPositiveInteger);
/** One size of at least 0, or two. */
export const anySize: Rule<Size2d> = sizeOfBoth(aCount);

const conv2dOptions: OptionRules<Conv2dOptions> = {
  bias: aTensor,
  stride: positiveSize,
  padding: either(anySize, oneOf('same', 'valid')),
  dilation: positiveSize,
  groups: aPositiveInteger,
};

/**
 * 2-D convolution (cross-correlation) of x [batch, in, height, width] with w [out, in / groups, kernel height, kernel
 * width]: [batch, out, out height, out width].
 * @throws {ShapeError} if channels or sizes do not fit.
 */
export function conv2d(x: Tensor, w: Tensor, options: Conv2dOptions = {}): Tensor {
  check('conv2d', 'x', x, aTensor);
  check('conv2d', 'w', w, aTensor);
  const {
    bias,
    stride = 1,
    padding = 'valid',
    dilation = 1,
    groups = 1,
  } = checkOptions('conv2d', options, conv2dOptions);
  if (x.rank !== 4 || w.rank !== 4)
    throw new ShapeError(
      'conv2d',
      `takes an image [batch, channels, height, width] and a weight [out, in, height, width], not ${showShape(x.shape)} and ${showShape(w.shape)}`,
    );
  const [batch, inChannels, ...inSize] = x.shape as [number, number, number, number];
  const [outChannels, perGroup, ...kernel] = w.shape as [number, number, number, number];
  if (inChannels !== perGroup * groups || outChannels % groups !== 0)
    throw new ShapeError(
      'conv2d',
      `image ${showShape(x.shape)} has ${inChannels} channels, but weight ${showShape(w.shape)} in ${groups} groups needs ${perGroup * groups} and outputs divisible by ${groups}`,
    );
  const reach = kernel.map((size, axis) => (pair(dilation)[axis] as number) * (size - 1)) as [number, number];
  // An uneven `same` padding has its odd element at the end: padded explicitly, since the kernel pads evenly.
  const around =
    padding === 'same' ? reach.map((size) => Math.floor(size / 2)) : padding === 'valid' ? [0, 0] : [...pair(padding)];
  const extra = padding === 'same' ? reach.map((size) => size % 2) : [0, 0];
  const image = extra.some((size) => size > 0)
    ? x.pad([
        [0, 0],
        [0, 0],
        [0, extra[0] as number],
        [0, extra[1] as number],
      ])
    : x;
  // One row of padding on both sides covers the begin; the extra element already stands at the end.
  const outSize = inSize.map((size, axis) =>
    windowCount(
      size + (extra[axis] as number) + 2 * (around[axis] as number),
      kernel[axis] as number,
      pair(stride)[axis] as number,
      pair(dilation)[axis] as number,
    ),
  ) as [number, number];
  if (outSize.includes(0))
    throw new ShapeError(
      'conv2d',
      `kernel ${showShape(kernel)} with dilation [${pair(dilation).join(', ')}] is larger than the padded image ${showShape(inSize)}; pad more or use a smaller kernel`,
    );
  const geometry: Conv2dGeometry = {
    batch,
    groups,
    inChannels,
    outChannels,
    inSize: [image.shape[2] as number, image.shape[3] as number],
    outSize,
    kernel: [kernel[0], kernel[1]],
    stride: pair(stride),
    padding: [around[0] as number, around[1] as number],
    dilation: pair(dilation),
  };
  const result = image.convolutionGradient('forward', w, geometry);
  if (!bias) return result;
  if (bias.rank !== 1 || bias.size !== outChannels)
    throw new ShapeError(
      'conv2d',
      `the bias ${showShape(bias.shape)} must be [${outChannels}], one per output channel`,
    );
  return result.add(bias.reshape(1, -1, 1, 1));
}
