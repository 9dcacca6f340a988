/** Metrics of classifiers: outputs are scores [batch, classes], targets class indices [batch]. */
import { ArgumentError, ShapeError, type Shape, type Tensor } from '@espalier/tensor';
import { ConfusionMatrix, type Averaging } from './confusion-matrix.ts';
import type { Metric, Statistic } from './metric.ts';

function classesOf(operation: string, output: Shape): number {
  const [classes] = output;
  if (output.length !== 1 || classes === undefined)
    throw new ShapeError(operation, `takes scores [classes] per example, not [${output.join(', ')}]`);
  return classes;
}

/** Confusion counts [classes, classes] as a product of two one-hot matrices. */
const confusion: Statistic = {
  shape: (output) => {
    const classes = classesOf('confusionMatrix', output);
    return [classes, classes];
  },
  count: (output, target) => {
    const classes = classesOf('confusionMatrix', output.shape.slice(1));
    const hot = (indices: Tensor): Tensor => indices.oneHot(classes).cast('f32');
    return hot(target)
      .t()
      .matmul(hot(output.argmax(-1)));
  },
};

function fromConfusion<Value>(value: (matrix: ConfusionMatrix) => Value): Metric<Value> {
  return {
    statistic: confusion,
    value: (totals) => value(new ConfusionMatrix(Math.round(Math.sqrt(totals.length)), totals)),
    direction: 'maximize',
  };
}

/** The whole confusion matrix. */
export const confusionMatrix: Metric<ConfusionMatrix> = fromConfusion((matrix) => matrix);

/** Share of examples whose highest score is the right class. */
export const accuracy: Metric = fromConfusion((matrix) => matrix.accuracy());

/** How per-class scores become one number. */
export interface AveragingOptions {
  /** Default: macro. */
  readonly average?: Averaging;
}

/** Precision, averaged over classes. */
export function precision({ average = 'macro' }: AveragingOptions = {}): Metric {
  return fromConfusion((matrix) => matrix.precision(average));
}

/** Recall, averaged over classes. */
export function recall({ average = 'macro' }: AveragingOptions = {}): Metric {
  return fromConfusion((matrix) => matrix.recall(average));
}

/** F1, averaged over classes. */
export function f1({ average = 'macro' }: AveragingOptions = {}): Metric {
  return fromConfusion((matrix) => matrix.f1(average));
}

/** Share of examples whose class has one of the `k` highest scores; of equal scores, lower classes count as higher. */
export function topKAccuracy(k: number): Metric {
  if (!Number.isInteger(k) || k < 1)
    throw new ArgumentError('topKAccuracy', `k is ${k}; it must be a positive integer`);
  const statistic: Statistic = {
    shape: () => [2],
    count: (output, target) => {
      const classes = classesOf('topKAccuracy', output.shape.slice(1));
      const index = target.cast('i32').unsqueeze(1);
      const own = output.gather(1, index);
      const positions = output.filled([classes], 1).cast('i32').cumsum(0).sub(1);
      const better = output.gt(own).logicalOr(output.eq(own).logicalAnd(positions.lt(index)));
      const hits = better.cast('f32').sum(1).lt(k).cast('f32');
      return countAndTotal(hits.sum(), output.shape[0] as number);
    },
  };
  return { statistic, value: ratioOfTwo, direction: 'maximize' };
}

/** [sum, count] as one small tensor. */
export function countAndTotal(sum: Tensor, count: number): Tensor {
  return sum.reshape(1).pad([[0, 1]], count);
}

/** The first of two totals over the second. */
export function ratioOfTwo(totals: Float64Array): number {
  const [sum = 0, count = 0] = totals;
  return count === 0 ? 0 : sum / count;
}
