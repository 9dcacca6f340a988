/** Losses over classes: [batch, classes, …] scores, and targets without the axis of classes. */
import { arange, type Tensor } from '@espalier/tensor';
import type { Call } from '../run/call.ts';
import { operator, type Operator } from '../run/operator.ts';

/** The weighted negative of what the target names, reduced as the node says. */
function negativeLikelihood(call: Call, logarithms: Tensor, targets: Tensor, weight: Tensor | undefined): Tensor {
  const classes = logarithms.shape[1] as number;
  const ignored = call.real('ignore_index', undefined);
  const rest = logarithms.shape.slice(2).map(() => 1);
  const hot = arange(0, classes, 1, { dtype: 'i32', device: call.device })
    .reshape([1, classes, ...rest])
    .eq(targets.cast('i32').unsqueeze(1));
  const counts = ignored === undefined ? hot : hot.logicalAnd(targets.cast('i32').ne(ignored).unsqueeze(1));
  const mass = (weight ? weight.reshape([1, classes, ...rest]) : logarithms.filled([], 1)).where(
    counts,
    logarithms.filled([], 0),
  );
  // What is not meant takes no part: -Infinity times 0 would be NaN.
  const losses = logarithms.where(counts, logarithms.filled([], 0)).mul(mass).neg().sum(1);
  const reduction = call.text('reduction', 'mean');
  if (reduction === 'none') return losses;
  if (reduction === 'sum') return losses.sum();
  if (reduction !== 'mean') call.refuse(`reduces by '${reduction}', which there is not`);
  return losses.sum().div(mass.expand(counts.shape).sum());
}

/** Losses. */
export const lossOperators: readonly Operator[] = [
  operator('NegativeLogLikelihoodLoss', (call) =>
    call.give(call.input(0).type, negativeLikelihood(call, call.tensor(0), call.tensor(1), call.optionalTensor(2))),
  ),
  operator('SoftmaxCrossEntropyLoss', (call) => {
    const { type } = call.input(0);
    const logarithms = call.tensor(0).logSoftmax(1);
    const loss = call.give(type, negativeLikelihood(call, logarithms, call.tensor(1), call.optionalTensor(2)));
    return [loss, call.give(type, logarithms)];
  }),
];
