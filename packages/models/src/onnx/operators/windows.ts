/** Where windows lie on images: kernels, strides, dilations and pads of convolutions and pooling, of any number of axes. */
import type { Call } from '../run/call.ts';

/** Windows along each axis of an image. */
export interface Windows {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** Before and after each axis. */
  readonly pads: readonly (readonly [before: number, after: number])[];
}

/** How far a window reaches along an axis. */
export const reachOf = ({ kernel, dilation }: Windows, axis: number): number =>
  ((kernel[axis] as number) - 1) * (dilation[axis] as number) + 1;

/** The windows that a node asks for on an image whose axes have sizes. */
export function windowsOf(call: Call, sizes: readonly number[], kernel: readonly number[]): Windows {
  const rank = sizes.length;
  const each = (name: string): readonly number[] =>
    call.list(
      name,
      sizes.map(() => 1),
    );
  const [stride, dilation] = [each('strides'), each('dilations')];
  if (
    kernel.length !== rank ||
    stride.length !== rank ||
    dilation.length !== rank ||
    [...kernel, ...stride, ...dilation].some((size) => size < 1)
  )
    call.refuse(
      `has the kernel [${kernel.join(', ')}], strides [${stride.join(', ')}] and dilations [${dilation.join(', ')}] for ${rank} axes`,
    );
  const bare = { kernel, stride, dilation, pads: [] };
  const given = call.list('pads', undefined);
  const automatic = call.text('auto_pad', 'NOTSET');
  const pads = sizes.map((size, axis): [number, number] => {
    if (automatic === 'NOTSET') return [given?.[axis] ?? 0, given?.[axis + rank] ?? 0];
    if (automatic === 'VALID') return [0, 0];
    const step = stride[axis] as number;
    const missing = Math.max(0, (Math.ceil(size / step) - 1) * step + reachOf(bare, axis) - size);
    const small = Math.floor(missing / 2);
    return automatic === 'SAME_UPPER' ? [small, missing - small] : [missing - small, small];
  });
  return { ...bare, pads };
}
