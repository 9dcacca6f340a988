/** Arithmetic of sliding windows over [channels, height, width]. */
import { ShapeError, type Shape, type Size2d } from '@espalier/tensor';

/** What decides how many windows there are. */
export interface Windows {
  readonly kernel: Size2d;
  readonly stride: Size2d;
  readonly padding: Size2d | 'same' | 'valid';
  readonly dilation: Size2d;
  /** Whether a last window that begins in the image, or in the padding before it, may reach over the end. Default: false. */
  readonly ceilMode?: boolean;
}

/** [height, width] of a size. */
export function pairOf(size: Size2d): readonly [number, number] {
  return typeof size === 'number' ? [size, size] : size;
}

/** Height and width of the output for an image. Throws ShapeError unless the image is [channels, height, width] and large enough. */
export function windowsOver(operation: string, input: Shape, windows: Windows): readonly [number, number] {
  if (input.length !== 3) throw new ShapeError(operation, `takes [channels, height, width], not [${input.join(', ')}]`);
  const [, height = 0, width = 0] = input;
  const count = (axis: 0 | 1, size: number): number => {
    const reach = pairOf(windows.dilation)[axis] * (pairOf(windows.kernel)[axis] - 1);
    const { padding } = windows;
    const around = padding === 'same' ? reach : padding === 'valid' ? 0 : 2 * pairOf(padding)[axis];
    const free = size + around - reach - 1;
    if (free < 0)
      throw new ShapeError(
        operation,
        `the kernel reaches over ${reach + 1} of an image of ${size + around}; pad more or use a smaller kernel`,
      );
    const stride = pairOf(windows.stride)[axis];
    const whole = Math.floor(free / stride) + 1;
    return windows.ceilMode && free % stride !== 0 && whole * stride < size + around / 2 ? whole + 1 : whole;
  };
  return [count(0, height), count(1, width)];
}
