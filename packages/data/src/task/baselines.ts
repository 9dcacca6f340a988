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

/** The outputs that say for every row what the training part says on average: logits of shares, or means. */
function constantOutputs(numbers: Float64Array, target: Target, outputs: number): Float64Array {
  const rows = numbers.length / outputs;
  const means = Float64Array.from({ length: outputs }, (_, index) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += numbers[row * outputs + index] as number;
    return sum / rows;
  });
  if (target.as === 'numbers') return means;
  return target.as === 'classes' ? means.map(Math.log) : means.map((share) => Math.log(share / (1 - share)));
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
  const task = taskOf(target);
  const learnt = asNumbers(preparation.targets(train).data, target, outputs);
  const targets = preparation.targets(test).data;
  const constant = constantOutputs(learnt, target, outputs);
  const repeated = Float64Array.from(
    { length: test.rows * outputs },
    (_, index) => constant[index % outputs] as number,
  );
  const judge = (values: Float64Array): Measures => task.measure({ outputs: values, targets, width: outputs }, target);
  const first: Baseline = { name: target.as === 'numbers' ? 'mean' : 'majority', metrics: judge(repeated) };
  if (preparation.features.length > mostFeatures) return [first];
  const linear = fitRidge(preparation.inputs(train).data, learnt, train.rows);
  const scores = applyLinear(linear, preparation.inputs(test).data, test.rows);
  // A label is there from one half on.
  const { logLoss: _, ...metrics } = judge(target.as === 'labels' ? scores.map((score) => score - 0.5) : scores);
  return [first, { name: 'linear', metrics }];
}
