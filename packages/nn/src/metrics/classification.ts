/** Metrics of classifiers: outputs are scores [batch, classes], targets class indices [batch]. */
import { aPositiveInteger, check } from '@espalier/tensor/arguments';
import { ArgumentError, isFloat, ShapeError, type Shape, type Tensor } from '@espalier/tensor';
import { show } from '../config/fields.ts';
import { isRecord } from '../json.ts';
import { checkAveraging, ConfusionMatrix, type Averaging } from './confusion-matrix.ts';
import type { Metric, Statistic } from './metric.ts';

function classesOf(operation: string, output: Shape): number {
  const [classes] = output;
  if (output.length !== 1 || classes === undefined)
    throw new ShapeError(operation, `takes scores [classes] per example, not [${output.join(', ')}]`);
  return classes;
}

function checkTargets(operation: string, { shape }: Tensor): void {
  if (shape.length !== 1)
    throw new ShapeError(operation, `takes one class index per example, not targets [${shape.join(', ')}]`);
}

/** 0 for each target that is a class, NaN for the others: added to counts, it spoils them for good. */
function ifClass(target: Tensor, classes: number): Tensor {
  const index = target.cast('i32');
  const isIndex = index.ge(0).logicalAnd(index.lt(classes));
  const isClass = isFloat(target.dtype) ? isIndex.logicalAnd(target.eq(index.cast(target.dtype))) : isIndex;
  return target.filled(target.shape, 0).cast('f32').where(isClass, NaN);
}

/**
 * Confusion counts [classes, classes + 1] as a product of two one-hot matrices. Scores that hold NaN choose no class; they
 * are counted in the last column.
 */
const confusion: Statistic = {
  shape: (output) => {
    const classes = classesOf('confusionMatrix', output);
    return [classes, classes + 1];
  },
  count: (output, target) => {
    const classes = classesOf('confusionMatrix', output.shape.slice(1));
    checkTargets('confusionMatrix', target);
    const chosen = output.argmax(-1).cast('i32').where(output.max(-1).isNaN().logicalNot(), classes);
    const labels = target.cast('i32').oneHot(classes).cast('f32').add(ifClass(target, classes).unsqueeze(1));
    return labels.t().matmul(chosen.oneHot(classes + 1).cast('f32'));
  },
};

function fromConfusion<Value>(value: (matrix: ConfusionMatrix) => Value): Metric<Value> {
  return { statistic: confusion, value: (totals) => value(matrixOf(totals)), direction: 'maximize' };
}

function matrixOf(totals: Float64Array): ConfusionMatrix {
  // classes · (classes + 1) counts.
  const classes = Math.floor(Math.sqrt(totals.length));
  checkCounts('confusionMatrix', totals);
  const rows = Array.from({ length: classes }, (_, row) =>
    totals.subarray(row * (classes + 1), (row + 1) * (classes + 1)),
  );
  return new ConfusionMatrix(
    classes,
    Float64Array.from(rows.flatMap((row) => [...row.subarray(0, classes)])),
    Float64Array.from(rows, (row) => row[classes] as number),
  );
}

function checkCounts(operation: string, counts: Float64Array): void {
  if (counts.some((count) => Number.isNaN(count)))
    throw new ArgumentError(operation, 'a label is no class; classes count from 0 to one less than there are scores');
}

/** The whole confusion matrix. */
export const confusionMatrix: Metric<ConfusionMatrix> = fromConfusion((matrix) => matrix);

/** Share of examples whose highest score is the right class; scores that hold NaN have none. */
export const accuracy: Metric = fromConfusion((matrix) => matrix.accuracy());

/** How per-class scores become one number. */
export interface AveragingOptions {
  /** Default: macro. */
  readonly average?: Averaging;
}

/**
 * The way of averaging.
 * @throws {ArgumentError} for one that there is not, and for other options.
 */
function averagingOf(operation: string, options: AveragingOptions): Averaging {
  const other = isRecord(options) ? Object.keys(options).find((name) => name !== 'average') : show(options);
  if (other !== undefined)
    throw new ArgumentError(operation, `${other} is no option; there is average: { average: 'macro' }`);
  const { average = 'macro' } = options;
  checkAveraging(operation, average);
  return average;
}

/** Precision, averaged over the classes that occur, in labels or in predictions. */
export function precision(options: AveragingOptions = {}): Metric {
  const average = averagingOf('precision', options);
  return fromConfusion((matrix) => matrix.precision(average));
}

/** Recall, averaged over the classes that occur, in labels or in predictions. */
export function recall(options: AveragingOptions = {}): Metric {
  const average = averagingOf('recall', options);
  return fromConfusion((matrix) => matrix.recall(average));
}

/** F1, averaged over the classes that occur, in labels or in predictions. */
export function f1(options: AveragingOptions = {}): Metric {
  const average = averagingOf('f1', options);
  return fromConfusion((matrix) => matrix.f1(average));
}

/**
 * Share of examples whose class has one of the `k` highest scores; of equal scores, lower classes count as higher. Scores
 * that hold NaN have no highest one.
 */
export function topKAccuracy(k: number): Metric {
  check('topKAccuracy', 'k', k, aPositiveInteger);
  const statistic: Statistic = {
    shape: () => [2],
    count: (output, target) => {
      const classes = classesOf('topKAccuracy', output.shape.slice(1));
      checkTargets('topKAccuracy', target);
      const index = target
        .cast('i32')
        .clamp(0, classes - 1)
        .unsqueeze(1);
      const own = output.gather(1, index);
      const positions = output.filled([classes], 1).cast('i32').cumsum(0).sub(1);
      const better = output.gt(own).logicalOr(output.eq(own).logicalAnd(positions.lt(index)));
      const isHit = better.cast('f32').sum(1).lt(k).logicalAnd(output.max(-1).isNaN().logicalNot());
      const hits = isHit.cast('f32').add(ifClass(target, classes));
      return countAndTotal(hits.sum(), output.shape[0] as number);
    },
  };
  const value = (totals: Float64Array): number => {
    checkCounts('topKAccuracy', totals);
    return ratioOfTwo(totals);
  };
  return { statistic, value, direction: 'maximize' };
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
