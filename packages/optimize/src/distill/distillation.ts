/** What a teacher says, as a loss for each task. */
import { crossEntropy, isTensor, type Tensor } from '@espalier/tensor';
import { classWeightsOf, loss, type LossFunction } from '@espalier/nn';
import { RecipeError } from '../errors.ts';
import type { TaskLoss } from '../recipe/task-loss.ts';
import { mixedLoss, type LiveMix } from './distillation-loss.ts';

/** The target that a teacher's output is, for losses that are told nothing else by it. */
const targets: Readonly<Record<string, (teacher: Tensor) => Tensor>> = {
  mse: (teacher) => teacher,
  l1: (teacher) => teacher,
  huber: (teacher) => teacher,
  'bce-with-logits': (teacher) => teacher.sigmoid(),
  'kl-divergence': (teacher) => teacher.exp(),
};

/** A loss of the student's output, given the teacher's and the labels. */
export type LessonLoss = (student: Tensor, teacher: Tensor, labels: Tensor, x: Tensor) => Tensor;

/** What is asked of a task. */
export interface LessonOptions extends LiveMix {
  /** Whether a temperature was asked for, which a task without classes has no use for. */
  readonly isSoftened: boolean;
}

/** How a teacher is listened to in a task. */
export interface TaskLesson {
  readonly loss: LessonLoss;
  /** The loss of the labels alone. */
  readonly alone: LossFunction;
}

/**
 * The lesson of a task: for cross-entropy `distillationLoss`, for the others (1 - α) · loss(student, labels) + α ·
 * loss(student, what the teacher says), which has no temperature.
 * @throws {RecipeError} for a loss without a name, of which it cannot be known what outputs mean, and for options that
 * would not be used.
 */
export function taskLesson(place: string, { name, of: given }: TaskLoss, options: LessonOptions): TaskLesson {
  const { alpha, ignoreIndex, isSoftened } = options;
  const isOfClasses = name === 'cross-entropy';
  const weight = classWeightsOf(given);
  const alone: LossFunction =
    isOfClasses && ignoreIndex !== undefined
      ? (student, labels) => crossEntropy(student, labels, { ignoreIndex, ...(weight && { weight }) })
      : given;
  // Told nothing, outputs may mean anything.
  if (alpha === 0) return { loss: (student, _, labels, x) => alone(student, labels, { x }), alone };
  if (isOfClasses)
    return { loss: (student, teacher, labels) => mixedLoss(student, teacher, labels, { ...options, weight }), alone };
  const target = name === null ? undefined : targets[name];
  if (name === null || !target)
    throw new RecipeError(
      place,
      `the loss of the task is a function that only its author knows; name one it can be done for: cross-entropy, ${Object.keys(targets).join(', ')}`,
    );
  if (isSoftened)
    throw new RecipeError(place, `a temperature softens classes, and the task's loss is ${name}; leave it out`);
  if (ignoreIndex !== undefined)
    throw new RecipeError(place, `ignoreIndex is a class, and the task's loss is ${name}; leave it out`);
  const of: LossFunction = loss(name);
  return {
    loss: (student, teacher, labels, x) => {
      const soft = of(student, target(teacher.detach()), { x }).mul(alpha);
      if (alpha === 1) return soft;
      return soft.add(of(student, labels, { x }).mul(isTensor(alpha) ? alpha.neg().add(1) : 1 - alpha));
    },
    alone,
  };
}
