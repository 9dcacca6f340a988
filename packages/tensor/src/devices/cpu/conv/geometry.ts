/** Offset tables of a convolution: where patches lie in a framed image. All offsets are in bytes. */
import type { Conv2dSpec } from '../../../kernel/spec.ts';
import type { Spread } from './spread.ts';

/** The two tables of patches over a frame: one entry a pixel of the plane, one entry a weight of a filter. */
export interface PatchTables {
  readonly pixels: Int32Array;
  readonly weights: Int32Array;
}

/** Channels of one group. */
export function channelsPerGroup(spec: Conv2dSpec): { readonly inputs: number; readonly outputs: number } {
  return { inputs: spec.inChannels / spec.groups, outputs: spec.outChannels / spec.groups };
}

/** The padded image that the forward and weight passes read; `undefined` where no patch leaves the image. */
export function paddedImage(spec: Conv2dSpec): Spread | undefined {
  const reach = (dim: 0 | 1): number =>
    (spec.outSize[dim] - 1) * spec.stride[dim] + (spec.kernel[dim] - 1) * spec.dilation[dim] + 1;
  const inside =
    spec.padding[0] === 0 && spec.padding[1] === 0 && reach(0) <= spec.inSize[0] && reach(1) <= spec.inSize[1];
  if (inside) return undefined;
  return {
    planes: channelsPerGroup(spec).inputs,
    size: spec.inSize,
    frame: [reach(0), reach(1)],
    origin: spec.padding,
    step: [1, 1],
  };
}

/** Whether a frame of a pass has zeros where there is no image. */
export function meetsZeros(spec: Conv2dSpec): boolean {
  if (spec.pass !== 'input') return paddedImage(spec) !== undefined;
  return [...spec.kernel, ...spec.stride].some((size) => size > 1) || spec.padding.some((zeros) => zeros > 0);
}

/** Patches of the (framed) image: pixels are those of the output, weights run over [inChannels/groups, height, width]. */
export function imagePatches(spec: Conv2dSpec, [height, width]: readonly [number, number]): PatchTables {
  const { outSize, stride, dilation, kernel } = spec;
  const pixels = table([outSize[0], outSize[1]], [stride[0] * width, stride[1]]);
  const weights = table(
    [channelsPerGroup(spec).inputs, kernel[0], kernel[1]],
    [height * width, dilation[0] * width, dilation[1]],
  );
  return { pixels, weights };
}

/**
 * The frame around the output's gradient from which the input's gradient is an ordinary convolution with the flipped
 * filter: gradients spread `stride` apart, with room for the whole filter at each side.
 */
export function spreadGradient(spec: Conv2dSpec): Spread {
  const reach = (dim: 0 | 1): number => (spec.kernel[dim] - 1) * spec.dilation[dim];
  return {
    planes: channelsPerGroup(spec).outputs,
    size: spec.outSize,
    frame: [spec.inSize[0] + reach(0), spec.inSize[1] + reach(1)],
    origin: [reach(0) - spec.padding[0], reach(1) - spec.padding[1]],
    step: spec.stride,
  };
}

/** Patches of the spread gradient: pixels are those of the input, weights run over [outChannels/groups, height, width] flipped. */
export function gradientPatches(spec: Conv2dSpec, [height, width]: readonly [number, number]): PatchTables {
  const { inSize, dilation, kernel } = spec;
  const pixels = table([inSize[0], inSize[1]], [width, 1]);
  const strides = [height * width, -dilation[0] * width, -dilation[1]];
  const start = (kernel[0] - 1) * dilation[0] * width + (kernel[1] - 1) * dilation[1];
  return { pixels, weights: table([channelsPerGroup(spec).outputs, kernel[0], kernel[1]], strides, start) };
}

/** Offsets of the filters of one group seen from the input: [inChannels/groups] and [outChannels/groups, height, width]. */
export function filterTables(spec: Conv2dSpec): { readonly inputs: Int32Array; readonly weights: Int32Array } {
  const { inputs, outputs } = channelsPerGroup(spec);
  const area = spec.kernel[0] * spec.kernel[1];
  return { inputs: table([inputs], [area]), weights: table([outputs, area], [inputs * area, 1]) };
}

/** Byte offsets over `sizes`, row-major. */
function table(sizes: readonly number[], strides: readonly number[], start = 0): Int32Array {
  let offsets = [start];
  for (const [dim, size] of sizes.entries()) {
    const stride = strides[dim] ?? 0;
    offsets = offsets.flatMap((offset) => Array.from({ length: size }, (_, i) => offset + i * stride));
  }
  return Int32Array.from(offsets, (offset) => offset * 4);
}
