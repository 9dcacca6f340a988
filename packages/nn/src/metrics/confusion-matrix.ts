/** Counts of predictions by true and predicted class, and what follows from them. */
import { ArgumentError } from '@espalier/tensor';

/** How per-class scores become one: their plain mean, or from the counts of all classes together. */
export type Averaging = 'macro' | 'micro';

/** 0 where nothing is there to divide by, as scikit-learn's `zero_division=0`. */
function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** Row: true class; column: predicted class. */
export class ConfusionMatrix {
  readonly classes: number;
  /** Row-major counts. */
  readonly counts: Float64Array;

  /** Throws ArgumentError unless there are classes² counts. */
  constructor(classes: number, counts: Float64Array = new Float64Array(classes * classes)) {
    if (counts.length !== classes * classes)
      throw new ArgumentError('ConfusionMatrix', `${counts.length} counts do not fill ${classes} × ${classes}`);
    this.classes = classes;
    this.counts = counts;
  }

  /** The number of examples of class `actual` that were taken for class `predicted`. */
  at(actual: number, predicted: number): number {
    return this.counts[actual * this.classes + predicted] ?? 0;
  }

  /** Counts further predictions. Throws ArgumentError for a class that does not exist, or lists of different length. */
  add(actual: ArrayLike<number>, predicted: ArrayLike<number>): this {
    if (actual.length !== predicted.length)
      throw new ArgumentError(
        'ConfusionMatrix',
        `${actual.length} true and ${predicted.length} predicted classes; give one prediction per example`,
      );
    for (let index = 0; index < actual.length; index++) {
      const [row, column] = [actual[index] as number, predicted[index] as number];
      for (const value of [row, column])
        if (!Number.isInteger(value) || value < 0 || value >= this.classes)
          throw new ArgumentError('ConfusionMatrix', `${value} is no class; classes are 0 to ${this.classes - 1}`);
      const cell = row * this.classes + column;
      this.counts[cell] = (this.counts[cell] as number) + 1;
    }
    return this;
  }

  /** Number of examples. */
  get total(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** Share of examples on the diagonal. */
  accuracy(): number {
    return ratio(this.correct, this.total);
  }

  /** Share of predictions of a class that are right: one number per class, or averaged. */
  precision(): number[];
  precision(average: Averaging): number;
  precision(average?: Averaging): number | number[] {
    return this.averaged((right, predicted) => ratio(right, predicted), average);
  }

  /** Share of examples of a class that are found: one number per class, or averaged. */
  recall(): number[];
  recall(average: Averaging): number;
  recall(average?: Averaging): number | number[] {
    return this.averaged((right, _predicted, actual) => ratio(right, actual), average);
  }

  /** The harmonic mean of precision and recall: one number per class, or averaged. */
  f1(): number[];
  f1(average: Averaging): number;
  f1(average?: Averaging): number | number[] {
    return this.averaged((right, predicted, actual) => ratio(2 * right, predicted + actual), average);
  }

  /** Rows of counts. */
  toArray(): number[][] {
    return Array.from({ length: this.classes }, (_, row) => [
      ...this.counts.subarray(row * this.classes, (row + 1) * this.classes),
    ]);
  }

  private get correct(): number {
    return Array.from({ length: this.classes }, (_, index) => this.at(index, index)).reduce(
      (sum, count) => sum + count,
      0,
    );
  }

  /** Scores from right predictions, all predictions and all examples of a class. */
  private averaged(
    score: (right: number, predicted: number, actual: number) => number,
    average: Averaging | undefined,
  ): number | number[] {
    // Every example is one prediction of one class, so all classes together have `total` of both.
    if (average === 'micro') return score(this.correct, this.total, this.total);
    const scores = Array.from({ length: this.classes }, (_, index) => {
      let predicted = 0;
      let actual = 0;
      for (let other = 0; other < this.classes; other++) {
        predicted += this.at(other, index);
        actual += this.at(index, other);
      }
      return score(this.at(index, index), predicted, actual);
    });
    return average === 'macro'
      ? ratio(
          scores.reduce((sum, value) => sum + value, 0),
          this.classes,
        )
      : scores;
  }
}
