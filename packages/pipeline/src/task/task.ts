/** What a model is for: how its outputs, its loss and its metrics follow from the data. */
import type { Json, LossFunction, Metric, Metrics, MetricValues } from '@espalier/nn';
import { aFunction, anObject, aText, check } from '@espalier/tensor/arguments';
import type { Data } from '../data/source.ts';
import { createRegistry, namedRule } from '../registry.ts';
import { classification } from './classification.ts';
import { labels } from './labels.ts';
import { nextToken } from './next-token.ts';
import { regression } from './regression.ts';

/** What a report says of how good a model is. */
export interface Figures {
  /** Numbers, which stand in the model's row. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Whatever else there is to say, such as a matrix. */
  readonly details: Readonly<Record<string, Json>>;
}

/** What a search goes by. */
export interface Score {
  readonly name: string;
  /** Its value and which direction is better. */
  readonly metric: Metric;
  /** The value as it is shown on the way. */
  readonly text: (value: number) => string;
}

/** A kind of thing that models learn. */
export interface Task<Measured extends Metrics = Metrics> {
  readonly name: string;
  /**
   * How many numbers a model gives for an example.
   * @throws {UsageError} when the data is of another kind.
   */
  readonly outputs: (data: Data) => number;
  /** What models learn by: a name of `lossTypes`, or a function. */
  readonly loss: string | LossFunction;
  readonly score: Score;
  /** What is measured on the test examples of a finished model. */
  readonly metrics: Measured;
  /** What that says. */
  figures(measured: MetricValues<Measured>): Figures;
}

const aTask = namedRule<Task>('a task: { name, outputs, loss, score, metrics, figures }', {
  outputs: aFunction.holds,
  loss: (value) => aText.holds(value) || aFunction.holds(value),
  score: anObject.holds,
  metrics: anObject.holds,
  figures: aFunction.holds,
});

/** The task of those that name none. */
export const defaultTask: string = classification.name;

const tasks = createRegistry<Task>('task', [classification, labels, nextToken, regression]);

/**
 * Makes a task known by its name.
 * @throws {ConfigError} if its name is taken by another one.
 * @throws {ArgumentError} for what is none.
 */
export function registerTask<Measured extends Metrics>(task: Task<Measured>): void {
  check('registerTask', 'task', task, aTask);
  tasks.register('registerTask', task);
}

/** The names of all known tasks, sorted. */
export function taskNames(): string[] {
  return tasks.names();
}

/**
 * The task of a name.
 * @throws {UsageError} that names those that are known.
 */
export function taskNamed(name: string = defaultTask): Task {
  return tasks.named(name);
}
