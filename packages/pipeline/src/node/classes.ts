/** Scores of classes as columns of predictions. */
import type { PredictedColumn } from '../data/judgement.ts';

/** Probabilities of the scores of one row. */
function softmax(scores: readonly number[]): number[] {
  const most = Math.max(...scores);
  const parts = scores.map((score) => Math.exp(score - most));
  const sum = parts.reduce((total, part) => total + part, 0);
  return parts.map((part) => part / sum);
}

/** Values by rows of so many. */
export function byRows(values: ArrayLike<number>, width: number): number[][] {
  const all = Array.from(values);
  return Array.from({ length: all.length / width }, (_, row) => all.slice(row * width, (row + 1) * width));
}

/** Columns of rows, each under its name. */
export const named = (names: readonly string[], rows: readonly (readonly number[])[]): PredictedColumn[] =>
  names.map((name, index) => ({ name, values: rows.flatMap((row) => row.slice(index, index + 1)) }));

/** The name of a column of probabilities. */
export const probability = (name: string): string => `probability_${name}`;

/** The class with the highest score of each row, under a name, and the probability of each class. */
export function columnsOfClasses(
  name: string,
  classes: readonly string[],
  outputs: ArrayLike<number>,
): PredictedColumn[] {
  const rows = byRows(outputs, classes.length);
  const values = rows.map((row) => classes[row.indexOf(Math.max(...row))] ?? '');
  return [{ name, values }, ...named(classes.map(probability), rows.map(softmax))];
}
