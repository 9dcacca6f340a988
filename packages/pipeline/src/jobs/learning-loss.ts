/** The loss that models of a task learn by, and what was trained by it goes on with: with the weights of classes, where there are any. */
import { classWeights } from '@espalier/data';
import {
  classWeightsOf,
  loss,
  lossName,
  trainedBy,
  weightedCrossEntropy,
  type Dataset,
  type LossFunction,
  type Module,
} from '@espalier/nn';
import { checkClassWeights, classNames, type ClassWeights } from '../data/class-weights.ts';
import type { Data } from '../data/source.ts';
import { UsageError } from '../errors.ts';
import type { Task } from '../task/task.ts';

/** Examples that are read at once to see their targets. */
const readTogether = 256;

/** The classes of all examples, those of each place where an example has several. */
async function labelsOf(data: Dataset): Promise<ArrayLike<number>> {
  if (data.labels) return data.labels();
  const all: number[] = [];
  for (let start = 0; start < data.size; start += readTogether) {
    const count = Math.min(readTogether, data.size - start);
    const { x, y } = await data.batch(Array.from({ length: count }, (_, index) => start + index));
    for (const label of await y.data()) all.push(label);
    for (const tensor of [x, y]) tensor.dispose();
  }
  return all;
}

/** n / (classes · examples of the class) of counts; a class without an example counts as one, since nothing is learnt of it. */
function balancedOf(counts: readonly number[]): number[] {
  const [used, total] = [counts.filter((count) => count > 0).length, counts.reduce((sum, count) => sum + count, 0)];
  return counts.map((count) => (count === 0 ? 1 : total / (used * count)));
}

async function weightsOf(data: Data, own: Dataset, use: ClassWeights): Promise<readonly number[]> {
  const names = classNames(data);
  checkClassWeights(use, data.classes === undefined ? undefined : names);
  if (use !== 'balanced') return names.map((name) => (Object.hasOwn(use, name) ? (use[name] ?? 1) : 1));
  if (own === data.train && data.classCounts) return balancedOf(data.classCounts);
  // A stream is gone through in its own order, and once: what is held of it tells for all.
  const seen = own.order && data.sample ? data.sample : own;
  const found = classWeights(await labelsOf(seen), names.length);
  return Array.from(found, (weight) => (weight === 0 ? 1 : weight));
}

/**
 * The loss that a task is learnt by: with weights by the examples that are learnt from, and no others.
 * @throws {UsageError} for weights of what is no class, and naming a class that there is not.
 */
export async function learningLoss(
  task: Task,
  data: Data,
  own: Dataset,
  use: ClassWeights | undefined,
): Promise<LossFunction> {
  const plain = typeof task.loss === 'string' ? loss(task.loss) : task.loss;
  if (use === undefined) return plain;
  if (lossName(plain) !== 'cross-entropy')
    throw new UsageError(`class weights: the task ${task.name} has no classes to be weighted: leave them out`);
  return weightedCrossEntropy(await weightsOf(data, own, use));
}

/** The loss that a saved model of a task is trained on by: that of the task, with the weights that it was trained by. */
export function lossGoingOn(task: Task, model: Module): string | LossFunction {
  const known = trainedBy(model);
  return known && classWeightsOf(known) && lossName(known) === task.loss ? known : task.loss;
}

/** How much each class counted in the training of a model, by its name; undefined where all counted alike. */
export function weightsByClass(model: Module, data: Data): Readonly<Record<string, number>> | undefined {
  const known = trainedBy(model);
  const weights = known && classWeightsOf(known);
  const names = classNames(data);
  return weights && Object.fromEntries(weights.map((weight, index) => [names[index] ?? String(index), weight]));
}
