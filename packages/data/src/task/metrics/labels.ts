/** Metrics of labels of which each is there or not, from a logit each. */
import { ArgumentError } from '@espalier/tensor';
import { describe } from '@espalier/tensor/arguments';
import { checkRows, columnOf, type Judged } from '../judged.ts';
import { there, type Measures } from './classes.ts';
import { meanOf, rocAuc } from './ranks.ts';

/** log(1 + exp(x)), which neither overflows nor cancels. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Right ones, of one label: true and false positives and negatives. */
function f1Of(scores: Float64Array, actual: Float64Array): number {
  let [both, either] = [0, 0];
  for (const [row, score] of scores.entries()) {
    const [found, wanted] = [score > 0 ? 1 : 0, actual[row] as number];
    both += found * wanted;
    either += found + wanted;
  }
  return either === 0 ? 0 : (2 * both) / either;
}

/**
 * The share of labels that are right (`accuracy`) and of rows of which all are (`exact`), macro F1, macro ROC-AUC, and the mean
 * log-loss of a label.
 * @throws {ArgumentError} naming the row of a target that is neither 1 nor 0.
 */
export function measureLabels(judged: Judged): Measures {
  const { outputs, targets, width } = judged;
  const rows = checkRows('measureLabels', judged, width);
  let [right, exact, loss] = [0, 0, 0];
  for (let row = 0; row < rows; row++) {
    let own = 0;
    for (let at = row * width; at < (row + 1) * width; at++) {
      const [score, actual] = [outputs[at] as number, targets[at] as number];
      if (actual !== 0 && actual !== 1)
        throw new ArgumentError(
          'measureLabels',
          `the label of row ${row + 1} is ${describe(actual)}; labels are 1 or 0`,
        );
      if (!Number.isNaN(score) && score > 0 === (actual === 1)) own++;
      loss += softplus(actual === 1 ? -score : score);
    }
    right += own;
    if (own === width) exact++;
  }
  const each = Array.from(
    { length: width },
    (_, label) => [columnOf(outputs, width, label), columnOf(targets, width, label)] as const,
  );
  return there({
    accuracy: right / (rows * width),
    exact: exact / rows,
    f1: meanOf(each.map(([scores, actual]) => f1Of(scores, actual))),
    rocAuc: meanOf(each.map(([scores, actual]) => rocAuc(scores, (row) => actual[row] === 1))),
    logLoss: loss / (rows * width),
  });
}
