/** Distillation of logits. */
import { ArgumentError, crossEntropy, massTimes, ShapeError, type Shape, type Tensor } from '@espalier/tensor';
import { aNumber, aTensor, check, checkOptions, type OptionRules } from '@espalier/tensor/arguments';

/** How hard labels and the teacher are mixed. */
export interface DistillationMix {
  /** Both distributions are softened by dividing the logits by this. Default: 4. */
  readonly temperature?: number;
  /** Share of the teacher's part; the rest is cross-entropy with the labels. Default: 0.9. */
  readonly alpha?: number;
}

const mixRules: OptionRules<DistillationMix> = { temperature: aNumber, alpha: aNumber };

/**
 * (1 - α) · CE(labels, z_s) + α · T² · KL(softmax(z_t / T) ‖ softmax(z_s / T)), the mean over the batch. T² keeps the
 * gradients of both parts in proportion whatever the temperature. No gradient flows to the teacher.
 * Source: Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015.
 *
 * `student` and `teacher` are logits [batch, classes]; `labels` are class indices [batch]. Classes that the teacher
 * masks with -∞ are not taught.
 * @throws {ArgumentError} for a temperature that is not positive or an α outside 0 … 1.
 * @throws {ShapeError} for logits of different shapes.
 */
export function distillationLoss(student: Tensor, teacher: Tensor, labels: Tensor, mix: DistillationMix = {}): Tensor {
  for (const [name, tensor] of Object.entries({ student, teacher, labels }))
    check('distillationLoss', name, tensor, aTensor);
  const { temperature, alpha } = checkMix(checkOptions('distillationLoss', mix, mixRules));
  checkSameClasses(student.shape, teacher.shape);
  const targets = teacher.detach().div(temperature);
  const surprise = targets.logSoftmax().sub(student.div(temperature).logSoftmax());
  const divergence = massTimes(targets.softmax(), surprise).sum(-1).mean();
  const soft = divergence.mul(alpha * temperature ** 2);
  return alpha === 1 ? soft : soft.add(crossEntropy(student, labels).mul(1 - alpha));
}

/**
 * @throws {ShapeError} with both numbers, when a student and its teacher do not tell the same number of classes apart.
 */
export function checkSameClasses(student: Shape, teacher: Shape): void {
  if (student.join() === teacher.join()) return;
  const [own, others] = [student.at(-1), teacher.at(-1)];
  throw new ShapeError(
    'distill',
    own === others
      ? `the student gives [${student.join(', ')}] and the teacher [${teacher.join(', ')}]; they must give the same shape`
      : `the student tells ${own} classes apart and the teacher ${others}; give a teacher of the student's classes`,
  );
}

/**
 * The mix with its defaults.
 * @throws {ArgumentError} as `distillationLoss` does.
 */
export function checkMix({ temperature = 4, alpha = 0.9 }: DistillationMix): Required<DistillationMix> {
  if (!(temperature > 0)) throw new ArgumentError('distill', `the temperature is ${temperature}; it must be above 0`);
  if (!(alpha >= 0 && alpha <= 1)) throw new ArgumentError('distill', `alpha is ${alpha}; it must lie between 0 and 1`);
  return { temperature, alpha };
}
