/** Pooling over the last two axes: images [..., height, width]. */
import { aBoolean, check, checkOptions, ruleOf, type OptionRules } from '../arguments/rules.ts';
import { aTensor } from '../arguments/types.ts';
import { dtypes } from '../dtype/dtype.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { windowCount } from '../shape/layout.ts';
import { showShape } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { anySize, pair, positiveSize, type Size2d } from './convolution.ts';

/** Options of pooling. */
export interface PoolOptions {
  readonly kernel: Size2d;
  /** Default: the kernel, so that windows lie side by side. */
  readonly stride?: Size2d;
  /** Default: 0. Padding never wins a maximum, and counts in an average only with `countPadding`. */
  readonly padding?: Size2d;
  /** Whether a last window that begins in the image, or in the padding before it, may reach over the end. Default: false. */
  readonly ceilMode?: boolean;
}

/** Options of maximum pooling. */
export interface MaxPoolOptions extends PoolOptions {
  /** Distance between the elements a window touches. Default: 1. */
  readonly dilation?: Size2d;
}

/** Options of average pooling. */
export interface AvgPoolOptions extends PoolOptions {
  /** Whether padding counts as elements of value 0, as it does by default in PyTorch. Default: false. */
  readonly countPadding?: boolean;
  /** What every sum is divided by. Default: the number of elements of its window. */
  readonly divisor?: number;
}

/** One axis of an image under sliding windows. */
interface WindowedAxis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Before and after the image, as asked for. */
  readonly padding: number;
  /** After the padding, for a last window that reaches over it. */
  readonly overhang: number;
}

/**
 * How many windows lie along an axis. With `ceilMode` a last one may reach over the padded end, if it does not begin
 * behind the image. Zero or less where not one fits.
 */
function pooledSize(size: number, axis: Omit<WindowedAxis, 'overhang'>, ceilMode: boolean): number {
  const { kernel, stride, dilation, padding } = axis;
  const whole = windowCount(size + 2 * padding, kernel, stride, dilation);
  const reach = dilation * (kernel - 1) + 1;
  const over = ceilMode && whole > 0 && (whole - 1) * stride + reach < size + 2 * padding;
  return over && whole * stride < size + padding ? whole + 1 : whole;
}

const poolOptions: OptionRules<PoolOptions> = {
  kernel: positiveSize,
  stride: positiveSize,
  padding: anySize,
  ceilMode: aBoolean,
};
const maxPoolOptions: OptionRules<MaxPoolOptions> = { ...poolOptions, dilation: positiveSize };
const avgPoolOptions: OptionRules<AvgPoolOptions> = {
  ...poolOptions,
  countPadding: aBoolean,
  divisor: ruleOf('a finite number other than 0', (value) => Number.isFinite(value) && value !== 0),
};

function windowedAxes(operation: string, x: Tensor, options: MaxPoolOptions): WindowedAxis[] {
  const { kernel, stride = kernel, padding = 0, dilation = 1, ceilMode = false } = options;
  check(operation, 'kernel', kernel, positiveSize);
  if (x.rank < 2) throw new ShapeError(operation, `takes an image [..., height, width], not ${showShape(x.shape)}`);
  return ([0, 1] as const).map((position) => {
    const size = x.shape.at(position - 2) as number;
    const axis = {
      kernel: pair(kernel)[position],
      stride: pair(stride)[position],
      dilation: pair(dilation)[position],
      padding: pair(padding)[position],
    };
    const reach = axis.dilation * (axis.kernel - 1) + 1;
    if (axis.padding > reach / 2)
      throw new ArgumentError(
        operation,
        `padding [${pair(padding).join(', ')}] is more than half of the kernel [${pair(kernel).join(', ')}]; some windows would be empty`,
      );
    const count = pooledSize(size, axis, ceilMode);
    return { ...axis, overhang: Math.max(0, (count - 1) * axis.stride + reach - size - 2 * axis.padding) };
  });
}

const around = (x: Tensor, axes: readonly WindowedAxis[], filler: number): Tensor =>
  x.pad(
    axes.map(({ padding }): [number, number] => [padding, padding]),
    filler,
  );

/** The windows of a padded image: [..., rows, columns, kernel height, kernel width]. */
function windowsOf(operation: string, padded: Tensor, axes: readonly WindowedAxis[], filler: number): Tensor {
  const windows = padded
    .pad(
      axes.map(({ overhang }): [number, number] => [0, overhang]),
      filler,
    )
    .windows(
      axes.map(({ kernel }) => kernel),
      { stride: axes.map(({ stride }) => stride), dilation: axes.map(({ dilation }) => dilation) },
    );
  if (windows.size === 0 && padded.size > 0)
    throw new ShapeError(
      operation,
      `kernel [${axes.map(({ kernel }) => kernel).join(', ')}] is larger than the padded image ${showShape(padded.shape.slice(-2))}`,
    );
  return windows;
}

/** The largest element of each window over the last two axes. The gradient is shared where several are largest. */
export function maxPool2d(x: Tensor, options: MaxPoolOptions): Tensor {
  check('maxPool2d', 'x', x, aTensor);
  const axes = windowedAxes('maxPool2d', x, checkOptions('maxPool2d', options, maxPoolOptions));
  const { kind, min } = dtypes[x.dtype];
  const filler = kind === 'float' ? Number.NEGATIVE_INFINITY : min;
  return windowsOf('maxPool2d', around(x, axes, filler), axes, filler).max([-2, -1]);
}

/** The mean of each window over the last two axes: over the elements of the image it covers, unless options say otherwise. */
export function avgPool2d(x: Tensor, options: AvgPoolOptions): Tensor {
  check('avgPool2d', 'x', x, aTensor);
  const { countPadding = false, divisor, ...windows } = checkOptions('avgPool2d', options, avgPoolOptions);
  const axes = windowedAxes('avgPool2d', x, windows);
  const sums = windowsOf('avgPool2d', around(x, axes, 0), axes, 0).sum([-2, -1]);
  if (divisor !== undefined) return sums.div(divisor);
  const [height, width] = axes.map(({ kernel }) => kernel) as [number, number];
  if (axes.every(({ padding, overhang }) => overhang === 0 && (padding === 0 || countPadding)))
    return sums.div(height * width);
  // What lies over the end never counts: it is there only so that the last window is whole.
  const ones = around(x.filled(x.shape.slice(-2), 1), axes, countPadding ? 1 : 0);
  return sums.div(windowsOf('avgPool2d', ones, axes, 0).sum([-2, -1]));
}
