/** Convolution specs from sizes alone. */
import type { DType } from '../../src/dtype/dtype.ts';
import type { Conv2dSpec } from '../../src/kernel/spec.ts';

/** A convolution, as a test says it. */
export interface ConvolutionCase {
  readonly pass: Conv2dSpec['pass'];
  readonly batch: number;
  readonly groups?: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly size: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride?: readonly [number, number];
  readonly padding?: readonly [number, number];
  readonly dilation?: readonly [number, number];
  readonly dtype?: DType;
  /** Where image, filters and result begin. Default: at 0. */
  readonly offsets?: readonly [number, number, number];
}

/** The spec of a case, and the number of elements of each of its three row-major buffers. */
export function conv2dSpec(item: ConvolutionCase): {
  readonly spec: Conv2dSpec;
  readonly sizes: readonly [number, number, number];
} {
  const { pass, batch, inChannels, outChannels, size, kernel, dtype = 'f32', groups = 1, offsets = [0, 0, 0] } = item;
  const { stride = [1, 1], padding = [0, 0], dilation = [1, 1] } = item;
  const windows = (d: 0 | 1): number =>
    Math.floor((size[d] + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1) / stride[d]) + 1;
  const outSize: [number, number] = [windows(0), windows(1)];
  const written = { forward: 2, input: 0, weight: 1 }[pass];
  const whole = (binding: 0 | 1 | 2, [, b = 1, c = 1, d = 1]: readonly number[]): Conv2dSpec['x'] => ({
    binding,
    offset: offsets[binding],
    strides: [b * c * d, c * d, d, 1],
  });
  const spec: Conv2dSpec = {
    kind: 'conv2d',
    pass,
    bindings: [0, 1, 2].map((binding) => ({ dtype, access: binding === written ? 'write' : 'read' })),
    batch,
    groups,
    inChannels,
    outChannels,
    inSize: size,
    outSize,
    kernel,
    stride,
    padding,
    dilation,
    x: whole(0, [batch, inChannels, ...size]),
    w: whole(1, [outChannels, inChannels / groups, ...kernel]),
    y: whole(2, [batch, outChannels, ...outSize]),
  };
  return {
    spec,
    sizes: [
      offsets[0] + batch * inChannels * size[0] * size[1],
      offsets[1] + (outChannels * inChannels * kernel[0] * kernel[1]) / groups,
      offsets[2] + batch * outChannels * outSize[0] * outSize[1],
    ],
  };
}
