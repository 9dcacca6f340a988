/** Counts of predictions by true and predicted class, and what follows from them. */
import { ArgumentError } from '@espalier/tensor';
import { check, checkOptional, describe, ruleOf } from '@espalier/tensor/arguments';
import { show } from '../config/fields.ts';
import { integerFrom, numbers } from '../config/rules.ts';

/**
 * How per-class scores become one: the plain mean over the classes that occur, in labels or in predictions, or from the
 * counts of all classes together. As scikit-learn's averages of the same names.
 */
export type Averaging = 'macro' | 'micro';

/** @throws {ArgumentError} for a way of averaging that there is not, such as scikit-learn's `weighted`. */
export function checkAveraging(operation: string, average: unknown): asserts average is Averaging {
  if (average === 'macro' || average === 'micro') return;
  throw new ArgumentError(
    operation,
    `average is ${show(average)}; it must be 'macro' or 'micro' (confusionMatrix gives a score for each class)`,
  );
}

/** 0 where nothing is there to divide by, as scikit-learn's `zero_division=0`. */
function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

const aCountArray = ruleOf<Float64Array>('a Float64Array', (value) => value instanceof Float64Array);

/** Row: true class; column: predicted class. */
export class ConfusionMatrix {
  readonly classes: number;
  /** Row-major counts. */
  readonly counts: Float64Array;
  /** By true class, the examples for which no class was chosen since their scores held NaN. They are never right. */
  readonly undecided: Float64Array;

  /** @throws {ArgumentError} unless there are classes² counts, and one of the undecided for each class. */
  constructor(classes: number, counts?: Float64Array, undecided?: Float64Array) {
    check('ConfusionMatrix', 'classes', classes, integerFrom(0));
    const cells = checkOptional('ConfusionMatrix', 'counts', counts, aCountArray) ?? new Float64Array(classes ** 2);
    const others = checkOptional('ConfusionMatrix', 'undecided', undecided, aCountArray) ?? new Float64Array(classes);
    if (cells.length !== classes * classes)
      throw new ArgumentError('ConfusionMatrix', `${cells.length} counts do not fill ${classes} × ${classes}`);
    if (others.length !== classes)
      throw new ArgumentError('ConfusionMatrix', `${others.length} counts of the undecided do not fill ${classes}`);
    this.classes = classes;
    this.counts = cells;
    this.undecided = others;
  }

  /** The number of examples of class `actual` that were taken for class `predicted`. */
  at(actual: number, predicted: number): number {
    return this.counts[actual * this.classes + predicted] ?? 0;
  }

  /**
   * Counts further predictions.
   * @throws {ArgumentError} for a class that does not exist, or lists of different length.
   */
  add(actual: ArrayLike<number>, predicted: ArrayLike<number>): this {
    check('ConfusionMatrix', 'the true classes', actual, numbers);
    check('ConfusionMatrix', 'the predicted classes', predicted, numbers);
    if (actual.length !== predicted.length)
      throw new ArgumentError(
        'ConfusionMatrix',
        `${actual.length} true and ${predicted.length} predicted classes; give one prediction per example`,
      );
    for (let index = 0; index < actual.length; index++) {
      const [row, column] = [actual[index] as number, predicted[index] as number];
      for (const value of [row, column])
        if (!Number.isInteger(value) || value < 0 || value >= this.classes)
          throw new ArgumentError(
            'ConfusionMatrix',
            `${describe(value)} is no class; classes are 0 to ${this.classes - 1}`,
          );
      const cell = row * this.classes + column;
      this.counts[cell] = (this.counts[cell] as number) + 1;
    }
    return this;
  }

  /** Number of examples. */
  get total(): number {
    return sum(this.counts) + sum(this.undecided);
  }

  /** Share of examples on the diagonal. */
  accuracy(): number {
    return ratio(this.#correct, this.total);
  }

  /** Share of predictions of a class that are right: one number per class, or averaged. */
  precision(): number[];
  precision(average: Averaging): number;
  precision(average?: Averaging): number | number[] {
    return this.#averaged(({ right, predicted }) => ratio(right, predicted), average);
  }

  /** Share of examples of a class that are found: one number per class, or averaged. */
  recall(): number[];
  recall(average: Averaging): number;
  recall(average?: Averaging): number | number[] {
    return this.#averaged(({ right, actual }) => ratio(right, actual), average);
  }

  /** The harmonic mean of precision and recall: one number per class, or averaged. */
  f1(): number[];
  f1(average: Averaging): number;
  f1(average?: Averaging): number | number[] {
    return this.#averaged(({ right, predicted, actual }) => ratio(2 * right, predicted + actual), average);
  }

  /** Rows of counts. */
  toArray(): number[][] {
    return Array.from({ length: this.classes }, (_, row) => [
      ...this.counts.subarray(row * this.classes, (row + 1) * this.classes),
    ]);
  }

  get #correct(): number {
    return sum(Array.from({ length: this.classes }, (_, index) => this.at(index, index)));
  }

  #outcomes(): Outcomes[] {
    return Array.from({ length: this.classes }, (_, index) => {
      let predicted = 0;
      let actual = this.undecided[index] as number;
      for (let other = 0; other < this.classes; other++) {
        predicted += this.at(other, index);
        actual += this.at(index, other);
      }
      return { right: this.at(index, index), predicted, actual };
    });
  }

  #averaged(score: (outcomes: Outcomes) => number, average: Averaging | undefined): number | number[] {
    if (average !== undefined) checkAveraging('ConfusionMatrix', average);
    if (average === 'micro') return score({ right: this.#correct, predicted: sum(this.counts), actual: this.total });
    const outcomes = this.#outcomes();
    if (average === undefined) return outcomes.map(score);
    const occurring = outcomes.filter(({ predicted, actual }) => predicted + actual > 0);
    return ratio(sum(occurring.map(score)), occurring.length);
  }
}

/** How a class fared: predictions of it that are right, all of them, and the examples that are of it. */
interface Outcomes {
  readonly right: number;
  readonly predicted: number;
  readonly actual: number;
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let index = 0; index < values.length; index++) total += values[index] as number;
  return total;
}
