/** What is to be learnt of data: which loss, which metrics, and how a model's outputs are judged. */
import { ConfigError } from '@espalier/nn';
import { show } from '@espalier/tensor/arguments';
import { decodeNumbers, type Target } from '../prepare/target.ts';
import { checkClasses, type Judged } from './judged.ts';
import { accuracyOf, logLossOf, measureBinary, measureClasses, type Measures } from './metrics/classes.ts';
import { measureLabels } from './metrics/labels.ts';
import { measureNumbers } from './metrics/numbers.ts';

/** The names of tasks. */
export type TaskName = 'binary' | 'classification' | 'labels' | 'regression' | 'next-token';

/** A kind of thing that is learnt. */
export interface Task {
  readonly name: TaskName;
  /** The loss that models learn by: a name of `lossTypes` of `@espalier/nn`. */
  readonly loss: string;
  /** The metric that models are compared by, and which direction is better. */
  readonly score: { readonly name: string; readonly direction: 'maximize' | 'minimize' };
  /**
   * The metrics of what a model gave. Of numbers it is in the unit of the data, for which the target is needed.
   * @throws {ArgumentError} naming the row of a target that cannot be.
   */
  readonly measure: (judged: Judged, target?: Target) => Measures;
}

/**
 * Accuracy, log-loss (nats a token) and perplexity of the next token: outputs are [tokens, vocabulary], targets [tokens].
 * @throws {ArgumentError} naming the row of a target that is no token.
 */
export function measureTokens(judged: Judged): Measures {
  const rows = checkClasses('measureTokens', judged);
  const logLoss = logLossOf(judged, rows);
  return { accuracy: accuracyOf(judged, rows), logLoss, perplexity: Math.exp(logLoss) };
}

function measureInUnits({ outputs, targets, width }: Judged, target?: Target): Measures {
  if (target?.as !== 'numbers') return measureNumbers({ outputs, targets, width });
  return measureNumbers({ outputs: decodeNumbers(target, outputs), targets: decodeNumbers(target, targets), width });
}

const highest = (name: string): Task['score'] => ({ name, direction: 'maximize' });

/** All tasks by name. Binary models give two scores, as those of more classes do; one logit is judged as well. */
export const tasks: Readonly<Record<TaskName, Task>> = {
  binary: { name: 'binary', loss: 'cross-entropy', score: highest('accuracy'), measure: measureBinary },
  classification: {
    name: 'classification',
    loss: 'cross-entropy',
    score: highest('accuracy'),
    measure: measureClasses,
  },
  labels: { name: 'labels', loss: 'bce-with-logits', score: highest('f1'), measure: measureLabels },
  regression: { name: 'regression', loss: 'mse', score: highest('r2'), measure: measureInUnits },
  'next-token': {
    name: 'next-token',
    loss: 'cross-entropy',
    score: { name: 'perplexity', direction: 'minimize' },
    measure: measureTokens,
  },
};

/**
 * The task of a name.
 * @throws {ConfigError} with the names that there are.
 */
export function taskNamed(name: string): Task {
  if (Object.hasOwn(tasks, name)) return tasks[name as TaskName];
  throw new ConfigError('task', `${show(name)} is no known task; known are ${Object.keys(tasks).join(', ')}`);
}

/** The task that follows from what is learnt. */
export function taskOf(target: Target): Task {
  if (target.as === 'labels') return tasks.labels;
  if (target.as === 'numbers') return tasks.regression;
  return target.classes.length === 2 ? tasks.binary : tasks.classification;
}
