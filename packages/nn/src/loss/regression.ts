/** Losses between numbers. */
import { asFloat, reduceLoss, ShapeError, type LossReduction, type Tensor } from '@espalier/tensor';
import { aTensor, check, checkOptions, oneOf, type OptionRules } from '@espalier/tensor/arguments';
import { numberThat } from '../config/rules.ts';

/** How losses of elements become one number. */
export interface LossOptions {
  /** `mean` (the default) and `sum` are over all elements; `none` keeps them. */
  readonly reduction?: LossReduction;
}

/** The rules of these, for all losses of this package. */
export const lossRules: OptionRules<LossOptions> = { reduction: oneOf('mean', 'sum', 'none') };

/**
 * The options of a loss, checked; a training loop gives the inputs of the batch in their place.
 * @throws {ArgumentError} for an option that is wrong or unknown.
 */
export function lossOptions<Options extends object>(
  operation: string,
  options: Options,
  rules: OptionRules<Options>,
): Options {
  return checkOptions(operation, options, rules, ['x']);
}

/** @throws {ShapeError} unless the shapes of two tensors agree: broadcasting here is nearly always a mistake. */
export function checkPair(operation: string, output: Tensor, target: Tensor): void {
  check(operation, 'output', output, aTensor);
  check(operation, 'target', target, aTensor);
  if (output.shape.join() !== target.shape.join())
    throw new ShapeError(
      operation,
      `output [${output.shape.join(', ')}] and target [${target.shape.join(', ')}] differ; reshape one of them`,
    );
}

/**
 * output - target as a float, since integers would wrap.
 * @throws {ShapeError} as `checkPair` does.
 */
function difference(operation: string, output: Tensor, target: Tensor): Tensor {
  checkPair(operation, output, target);
  return asFloat(output).sub(target);
}

/** (output - target)². */
export function mse(output: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  const { reduction } = lossOptions('mse', options, lossRules);
  return reduceLoss(difference('mse', output, target).square(), reduction);
}

/** |output - target|. */
export function l1(output: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  const { reduction } = lossOptions('l1', options, lossRules);
  return reduceLoss(difference('l1', output, target).abs(), reduction);
}

const huberRules: OptionRules<LossOptions & { readonly delta?: number }> = {
  ...lossRules,
  delta: numberThat('above 0', (delta) => delta > 0),
};

/**
 * d² / 2 for differences up to `delta` (default 1), delta · (|d| - delta / 2) beyond. Source: P. Huber, "Robust
 * estimation of a location parameter", Ann. Math. Statist. 35 (1964).
 * @throws {ArgumentError} unless delta > 0.
 */
export function huber(output: Tensor, target: Tensor, options: LossOptions & { readonly delta?: number } = {}): Tensor {
  const { delta = 1, reduction } = lossOptions('huber', options, huberRules);
  const distance = difference('huber', output, target).abs();
  const inner = distance.minimum(delta);
  // With m = min(|d|, delta), both pieces are m · (|d| - m / 2).
  return reduceLoss(inner.mul(distance.sub(inner.mul(0.5))), reduction);
}
