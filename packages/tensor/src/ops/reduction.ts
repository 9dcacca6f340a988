/** Reductions that devices fold; everything else (mean, variance, logSumExp, argmax …) is composed from them. */
import { modes } from '../graph/modes.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { productsOfOthers } from './factors.ts';
import type { GradientSite, ReductionOp } from '../graph/op.ts';

const axesOf = (site: GradientSite): readonly number[] => site.attributes['axes'] as readonly number[];
const only = (site: GradientSite): Tensor => site.inputs[0] as Tensor;

/** Shares the gradient evenly among the elements that reach the extremum. */
function toExtrema(gradient: Tensor, site: GradientSite): readonly Tensor[] {
  const input = only(site);
  const reached = input.detach().eq(site.output.detach()).cast(input.dtype);
  const share = reached.div(reached.sum(axesOf(site), { keepDims: true }));
  return [gradient.expand(input.shape).mul(share)];
}

/**
 * The product of all others: y / x where nothing is 0, the product of the others where x alone is 0, and 0 where
 * another element is. That is right once; what will be differentiated again multiplies the others.
 */
function toFactors(gradient: Tensor, site: GradientSite): readonly Tensor[] {
  const input = only(site);
  const axes = axesOf(site);
  if (modes.gradients && input.size > 0) return [gradient.expand(input.shape).mul(othersAlong(input, axes))];
  const zero = input.detach().eq(0);
  const zeros = zero.cast(input.dtype).sum(axes, { keepDims: true });
  const nonzero = input.maskedFill(zero, 1);
  const others = nonzero.prod(axes, { keepDims: true }).div(nonzero);
  const alone = zero.logicalAnd(zeros.eq(1));
  return [gradient.expand(input.shape).mul(others.where(alone.logicalOr(zeros.eq(0).expand(input.shape)), 0))];
}

/** The product of all others along some axes. */
function othersAlong(input: Tensor, axes: readonly number[]): Tensor {
  const order = [...input.shape.keys()].filter((axis) => !axes.includes(axis)).concat(axes);
  const moved = input.permute(order);
  const others = productsOfOthers(moved.flatten(-axes.length, -1)).reshape(moved.shape);
  return others.permute(order.map((_, axis) => order.indexOf(axis)));
}

/** Sum, product, maximum and minimum over `attributes.axes`, which stay with size 1. */
export const reductionOps: Readonly<Record<'sum' | 'prod' | 'max' | 'min', ReductionOp>> = {
  sum: { family: 'reduction', name: 'sum', fold: 'sum', gradient: (g, site) => [g.expand(only(site).shape)] },
  prod: { family: 'reduction', name: 'prod', fold: 'prod', gradient: toFactors },
  max: { family: 'reduction', name: 'max', fold: 'max', gradient: toExtrema },
  min: { family: 'reduction', name: 'min', fold: 'min', gradient: toExtrema },
};
