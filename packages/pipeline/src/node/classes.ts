/** Scores of classes as columns of predictions. */
import type { PredictedColumn } from '../data/judgement.ts';

/** Probabilities of the scores of one row, written where those were. */
function softmax(scores: Float64Array): void {
  const most = scores.reduce((highest, score) => Math.max(highest, score), -Infinity);
  let sum = 0;
  for (const [index, score] of scores.entries()) {
    const part = Math.exp(score - most);
    scores[index] = part;
    sum += part;
  }
  for (const [index, part] of scores.entries()) scores[index] = part / sum;
}

/** The numbers of rows as columns, each under its name. */
export const named = (names: readonly string[], values: Float64Array): PredictedColumn[] =>
  names.map((name, index) => ({
    name,
    values: Array.from({ length: values.length / names.length }, (_, row) => values[row * names.length + index] ?? NaN),
  }));

/** The name of a column of probabilities. */
export const probability = (name: string): string => `probability_${name}`;

/** The class with the highest score of each row, under a name, and the probability of each class. */
export function columnsOfClasses(
  name: string,
  classes: readonly string[],
  outputs: ArrayLike<number>,
): PredictedColumn[] {
  const shares = Float64Array.from(outputs);
  const values = Array.from({ length: shares.length / classes.length }, (_, row) => {
    const scores = shares.subarray(row * classes.length, (row + 1) * classes.length);
    const best = scores.reduce((found, score, index) => (score > (scores[found] ?? 0) ? index : found), 0);
    softmax(scores);
    return classes[best] ?? '';
  });
  return [{ name, values }, ...named(classes.map(probability), shares)];
}
