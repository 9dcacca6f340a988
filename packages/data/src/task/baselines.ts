/** What is reached without a network: by what is most frequent, by the mean, by a linear model. */
import { ArgumentError } from '@espalier/tensor';
import type { Preparation } from '../prepare/preparation.ts';
import type { Target } from '../prepare/target.ts';
import type { Table } from '../table/table.ts';
import type { Measures } from './metrics/classes.ts';
import { applyLinear, fitRidge } from './ridge.ts';
import { taskOf } from './task.ts';

/** A model that is no network, and how good it is. */
export interface Baseline {
  readonly name: 'majority' | 'mean' | 'linear';
  readonly metrics: Measures;
}

/** A linear model of more features takes longer than it tells. */
const mostFeatures = 1024;

/** Each row's target as numbers [rows, outputs]: 1 of the class it is, 0 of the others. */
function asNumbers(targets: ArrayLike<number>, target: Target, outputs: number): Float64Array {
  if (target.as !== 'classes') return Float64Array.from(targets);
  const hot = new Float64Array(targets.length * outputs);
  for (let row = 0; row < targets.length; row++) hot[row * outputs + (targets[row] as number)] = 1;
  return hot;
}

/** What the training part says on average: shares of classes and labels, or means. */
function meansOf(numbers: Float64Array, outputs: number): Float64Array {
  const rows = numbers.length / outputs;
  return Float64Array.from({ length: outputs }, (_, index) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += numbers[row * outputs + index] as number;
    return sum / rows;
  });
}

/** The outputs that say so for every row: logits of shares, or means. */
function constantOutputs(means: ArrayLike<number>, target: Target): Float64Array {
  if (target.as === 'numbers') return Float64Array.from(means);
  return Float64Array.from(means, target.as === 'classes' ? Math.log : (share) => Math.log(share / (1 - share)));
}

/** Rows as numbers: inputs [rows, features], and targets as a preparation makes them. */
export interface HeldRows {
  readonly inputs: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
  readonly rows: number;
}

/**
 * Baselines of rows that are prepared: what says `means` of all rows (shares of classes and labels, means of numbers), and a linear model
 * of the rows that are learnt from.
 */
export function heldBaselines(
  target: Target,
  means: ArrayLike<number>,
  learnt: HeldRows,
  judged: HeldRows,
): readonly Baseline[] {
  const outputs = means.length;
  const { targets, rows } = judged;
  const constant = constantOutputs(means, target);
  const repeated = Float64Array.from({ length: rows * outputs }, (_, index) => constant[index % outputs] as number);
  const task = taskOf(target);
  const judge = (values: Float64Array): Measures => task.measure({ outputs: values, targets, width: outputs }, target);
  const first: Baseline = { name: target.as === 'numbers' ? 'mean' : 'majority', metrics: judge(repeated) };
  if (learnt.inputs.length / learnt.rows > mostFeatures) return [first];
  const linear = fitRidge(learnt.inputs, asNumbers(learnt.targets, target, outputs), learnt.rows);
  const scores = applyLinear(linear, judged.inputs, rows);
  // A label is there from one half on.
  const { logLoss: _, ...metrics } = judge(target.as === 'labels' ? scores.map((score) => score - 0.5) : scores);
  return [first, { name: 'linear', metrics }];
}

/**
 * Baselines, learnt from one table and judged by another: of classes and labels the shares of the training part, of numbers their mean;
 * and a linear model by ridge regression, where there are at most 1,024 features. Its scores are no logits, and have no log-loss.
 * @throws {ArgumentError} for a preparation without a target.
 * @throws {DataError} naming the row of what cannot be encoded.
 */
export function baselines(preparation: Preparation, train: Table, test: Table): readonly Baseline[] {
  const { target, outputs } = preparation;
  if (!target) throw new ArgumentError('baselines', 'this preparation has no target; fit it with one');
  const prepared = (table: Table): HeldRows => ({
    inputs: preparation.inputs(table).data,
    targets: preparation.targets(table).data,
    rows: table.rows,
  });
  const learnt = prepared(train);
  return heldBaselines(target, meansOf(asNumbers(learnt.targets, target, outputs), outputs), learnt, prepared(test));
}
