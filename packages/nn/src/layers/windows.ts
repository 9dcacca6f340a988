/** Sliding windows over [batch, channels, height, width]. */
import { ShapeError, type Shape, type Size2d, type Tensor } from '@espalier/tensor';

/** What decides where windows lie. */
export interface Windows {
  readonly kernel: Size2d;
  readonly stride: Size2d;
  readonly padding: Size2d | 'same' | 'valid';
  readonly dilation: Size2d;
}

/** [height, width] of a size. */
export function pairOf(size: Size2d): readonly [number, number] {
  return typeof size === 'number' ? [size, size] : size;
}

/** What stands before and after an image along an axis (height, width): with `same` an odd element is at the end. */
export function borderOf(
  { kernel, padding, dilation }: Omit<Windows, 'stride'>,
  axis: 0 | 1,
): readonly [before: number, after: number] {
  if (padding === 'valid') return [0, 0];
  if (padding !== 'same') return [pairOf(padding)[axis], pairOf(padding)[axis]];
  const reach = pairOf(dilation)[axis] * (pairOf(kernel)[axis] - 1);
  return [Math.floor(reach / 2), Math.ceil(reach / 2)];
}

/** How many windows a batch of images that `checkImage` let through has. */
export function countWindows([batch = 0, , ...sizes]: Shape, windows: Windows): number {
  return sizes.reduce((count, size, at) => {
    const axis = at as 0 | 1;
    const [before, after] = borderOf(windows, axis);
    const reach = pairOf(windows.dilation)[axis] * (pairOf(windows.kernel)[axis] - 1);
    return count * (Math.floor((size + before + after - reach - 1) / pairOf(windows.stride)[axis]) + 1);
  }, batch);
}

/** @throws {ShapeError} unless a batch is of images [batch, channels, height, width] that the kernel fits on. */
export function checkImage(operation: string, shape: Shape, windows: Omit<Windows, 'stride'>): void {
  if (shape.length !== 4)
    throw new ShapeError(operation, `takes [batch, channels, height, width], not [${shape.join(', ')}]`);
  for (const axis of [0, 1] as const) {
    const reach = pairOf(windows.dilation)[axis] * (pairOf(windows.kernel)[axis] - 1);
    const [before, after] = borderOf(windows, axis);
    const size = (shape[axis + 2] as number) + before + after;
    if (reach < size) continue;
    throw new ShapeError(
      operation,
      `the kernel reaches over ${reach + 1} of an image of ${size}; pad more or use a smaller kernel`,
    );
  }
}

/** The windows of images that `checkImage` let through, zeros around them: [batch, channels, out height, out width, kernel height, kernel width]. */
export function windowsOf(images: Tensor, windows: Windows): Tensor {
  const { kernel, stride, dilation } = windows;
  return images
    .pad([[0, 0], [0, 0], borderOf(windows, 0), borderOf(windows, 1)])
    .windows(pairOf(kernel), { stride: pairOf(stride), dilation: pairOf(dilation) });
}
