/** What a teacher says, as a loss for each task. */
import { loss, type LossFunction } from '@espalier/nn';
import type { Tensor } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import type { TaskLoss } from '../recipe/task-loss.ts';
import { checkMix, distillationLoss, type DistillationMix } from './distillation-loss.ts';

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

/** How a teacher is listened to in a task. */
export interface Lesson {
  readonly loss: LessonLoss;
  /** Its formula, for reports. */
  readonly summary: string;
}

/**
 * The lesson of a task: for cross-entropy `distillationLoss`, for the others (1 - α) · loss(student, labels) + α ·
 * loss(student, what the teacher says), which has no temperature.
 * @throws {RecipeError} for a loss without a name, of which it cannot be known what outputs mean, and for a temperature
 * that would not be used.
 */
export function lessonOf(place: string, { name }: TaskLoss, given: DistillationMix): Lesson {
  const mix = checkMix(given);
  const { temperature, alpha } = mix;
  if (name === 'cross-entropy') {
    return {
      loss: (student, teacher, labels) => distillationLoss(student, teacher, labels, mix),
      summary: `T = ${temperature}, α = ${alpha}`,
    };
  }
  const target = name === null ? undefined : targets[name];
  if (name === null || !target)
    throw new RecipeError(
      place,
      `the loss of the task is a function that only its author knows; name one it can be done for: cross-entropy, ${Object.keys(targets).join(', ')}`,
    );
  if (given.temperature !== undefined)
    throw new RecipeError(place, `a temperature softens classes, and the task's loss is ${name}; leave it out`);
  const of: LossFunction = loss(name);
  return {
    loss: (student, teacher, labels, x) => {
      const soft = of(student, target(teacher.detach()), { x }).mul(alpha);
      return alpha === 1 ? soft : soft.add(of(student, labels, { x }).mul(1 - alpha));
    },
    summary: `${name} to its answers, α = ${alpha}`,
  };
}
