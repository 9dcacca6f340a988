/** Losses between numbers. */
import { ArgumentError, asFloat, reduceLoss, ShapeError, type LossReduction, type Tensor } from '@espalier/tensor';

/** How losses of elements become one number. */
export interface LossOptions {
  /** `mean` (the default) and `sum` are over all elements; `none` keeps them. */
  readonly reduction?: LossReduction;
}

/** The shapes must agree: broadcasting here is nearly always a mistake. */
export function checkSameShape(operation: string, output: Tensor, target: Tensor): void {
  if (output.shape.join() !== target.shape.join())
    throw new ShapeError(
      operation,
      `output [${output.shape.join(', ')}] and target [${target.shape.join(', ')}] differ; reshape one of them`,
    );
}

/** output - target as a float, since integers would wrap. */
function difference(output: Tensor, target: Tensor): Tensor {
  return asFloat(output).sub(target);
}

/** (output - target)². */
export function mse(output: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkSameShape('mse', output, target);
  return reduceLoss(difference(output, target).square(), options.reduction);
}

/** |output - target|. */
export function l1(output: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkSameShape('l1', output, target);
  return reduceLoss(difference(output, target).abs(), options.reduction);
}

/**
 * d² / 2 for differences up to `delta` (default 1), delta · (|d| - delta / 2) beyond. Throws ArgumentError unless
 * delta > 0. Source: P. Huber, "Robust estimation of a location parameter", Ann. Math. Statist. 35 (1964).
 */
export function huber(output: Tensor, target: Tensor, options: LossOptions & { readonly delta?: number } = {}): Tensor {
  const { delta = 1, reduction } = options;
  if (!(delta > 0)) throw new ArgumentError('huber', `delta is ${delta}; it must be positive`);
  checkSameShape('huber', output, target);
  const distance = difference(output, target).abs();
  const inner = distance.minimum(delta);
  // With m = min(|d|, delta), both pieces are m · (|d| - m / 2).
  return reduceLoss(inner.mul(distance.sub(inner.mul(0.5))), reduction);
}
