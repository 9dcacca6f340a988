/** Metrics of classes, from scores that are logits. Each is what scikit-learn's function of the name gives. */
import { ConfusionMatrix } from '@espalier/nn';
import { checkClasses, columnOf, type Judged } from '../judged.ts';
import { meanOf, rocAuc } from './ranks.ts';

/** The values of metrics by name; one that cannot be computed of the examples is not there. */
export type Measures = Readonly<Record<string, number>>;

/** Measures without those that are undefined. */
export function there(values: Readonly<Record<string, number | undefined>>): Measures {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}

/** The class of the highest score, the first of equal ones; -1 where one is NaN. */
function chosen({ outputs, width }: Judged, row: number): number {
  let best = 0;
  for (let index = 0; index < width; index++) {
    const score = outputs[row * width + index] as number;
    if (Number.isNaN(score)) return -1;
    if (score > (outputs[row * width + best] as number)) best = index;
  }
  return best;
}

/** log Σ exp of the scores of a row, and the highest of them. */
function logSum({ outputs, width }: Judged, row: number): number {
  let most = -Infinity;
  for (let index = 0; index < width; index++) most = Math.max(most, outputs[row * width + index] as number);
  if (!Number.isFinite(most)) return most;
  let sum = 0;
  for (let index = 0; index < width; index++) sum += Math.exp((outputs[row * width + index] as number) - most);
  return most + Math.log(sum);
}

/** The mean of -log of the probability of the right class, in nats. */
export function logLossOf(judged: Judged, rows: number): number {
  const { outputs, targets, width } = judged;
  let sum = 0;
  for (let row = 0; row < rows; row++)
    sum += logSum(judged, row) - (outputs[row * width + (targets[row] as number)] as number);
  return sum / rows;
}

/** The share of rows whose class is found. */
export function accuracyOf(judged: Judged, rows: number): number {
  let right = 0;
  for (let row = 0; row < rows; row++) if (chosen(judged, row) === judged.targets[row]) right++;
  return right / rows;
}

function confusion(judged: Judged, rows: number): ConfusionMatrix {
  const { width, targets } = judged;
  const [counts, undecided] = [new Float64Array(width * width), new Float64Array(width)];
  for (let row = 0; row < rows; row++) {
    const [actual, predicted] = [targets[row] as number, chosen(judged, row)];
    if (predicted < 0) undecided[actual] = (undecided[actual] as number) + 1;
    else counts[actual * width + predicted] = (counts[actual * width + predicted] as number) + 1;
  }
  return new ConfusionMatrix(width, counts, undecided);
}

/** Scores of one class: their logarithm as a probability. */
function probabilities(judged: Judged, rows: number, index: number): Float64Array {
  const sums = Float64Array.from({ length: rows }, (_, row) => logSum(judged, row));
  return columnOf(judged.outputs, judged.width, index).map((score, row) => Math.exp(score - (sums[row] as number)));
}

/**
 * Accuracy, macro F1 over classes that occur, macro ROC-AUC of each class against the rest, and log-loss.
 * @throws {ArgumentError} naming the row of a target that is no class.
 */
export function measureClasses(judged: Judged): Measures {
  const rows = checkClasses('measureClasses', judged);
  const areas = Array.from({ length: judged.width }, (_, index) =>
    rocAuc(probabilities(judged, rows, index), (row) => judged.targets[row] === index),
  );
  return there({
    accuracy: accuracyOf(judged, rows),
    f1: confusion(judged, rows).f1('macro'),
    rocAuc: meanOf(areas),
    logLoss: logLossOf(judged, rows),
  });
}

/** One logit a row as two: 0 of the first class. */
function asTwo({ outputs, targets, width }: Judged): Judged {
  if (width !== 1) return { outputs, targets, width };
  const pairs = new Float64Array(2 * outputs.length);
  for (let row = 0; row < outputs.length; row++) pairs[2 * row + 1] = outputs[row] as number;
  return { outputs: pairs, targets, width: 2 };
}

/**
 * Of two classes: accuracy, F1 and ROC-AUC of the second, and log-loss; from two scores a row, or from one logit.
 * @throws {ArgumentError} naming the row of a target that is no class.
 */
export function measureBinary(judged: Judged): Measures {
  const rows = checkClasses('measureBinary', judged, 2);
  const two = asTwo(judged);
  const scores = Float64Array.from(
    { length: rows },
    (_, row) => (two.outputs[2 * row + 1] as number) - (two.outputs[2 * row] as number),
  );
  return there({
    accuracy: accuracyOf(two, rows),
    f1: confusion(two, rows).f1()[1],
    rocAuc: rocAuc(scores, (row) => two.targets[row] === 1),
    logLoss: logLossOf(two, rows),
  });
}
