/** Distillation of logits. */
import {
  ArgumentError,
  crossEntropy,
  inDType,
  isFloat,
  isTensor,
  massTimes,
  ShapeError,
  wideFloat,
  type Shape,
  type Tensor,
} from '@espalier/tensor';
import { aNumber, anInteger, aTensor, check, checkOptions, type OptionRules } from '@espalier/tensor/arguments';

/** How hard labels and the teacher are mixed. */
export interface DistillationMix {
  /** Both distributions are softened by dividing the logits by this. Default: 4. */
  readonly temperature?: number;
  /** Share of the teacher's part; the rest is cross-entropy with the labels. Default: 0.9. */
  readonly alpha?: number;
}

/** Options of the loss. */
export interface DistillationLossOptions extends DistillationMix {
  /** A label whose place does not count, such as that of padding; neither for the labels nor for the teacher. */
  readonly ignoreIndex?: number;
}

/** The same with numbers that a training moves. */
export interface LiveMix {
  readonly temperature: number | Tensor;
  readonly alpha: number | Tensor;
  readonly ignoreIndex?: number | undefined;
}

const lossRules: OptionRules<DistillationLossOptions> = {
  temperature: aNumber,
  alpha: aNumber,
  ignoreIndex: anInteger,
};

/**
 * (1 - α) · CE(labels, z_s) + α · T² · KL(softmax(z_t / T) ‖ softmax(z_s / T)), the mean over all places that count. T²
 * keeps the gradients of both parts in proportion whatever the temperature. No gradient flows to the teacher.
 * Source: Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015.
 *
 * `student` and `teacher` are logits [..., classes], of a language model [batch, time, vocabulary]; `labels` are class
 * indices [...]. Classes that the teacher masks with -∞ are not taught. Beside the logits and their gradient it takes memory
 * for a few numbers a row, however many classes there are.
 * @throws {ArgumentError} for a temperature that is not positive or an α outside 0 … 1.
 * @throws {ShapeError} for logits of different shapes.
 */
export function distillationLoss(
  student: Tensor,
  teacher: Tensor,
  labels: Tensor,
  options: DistillationLossOptions = {},
): Tensor {
  for (const [name, tensor] of Object.entries({ student, teacher, labels }))
    check('distillationLoss', name, tensor, aTensor);
  const { ignoreIndex, ...mix } = checkOptions('distillationLoss', options, lossRules);
  return mixedLoss(student, teacher, labels, { ...checkMix(mix), ignoreIndex });
}

/**
 * As `distillationLoss`, with numbers that may be tensors.
 * @throws {ShapeError} for logits of different shapes.
 */
export function mixedLoss(student: Tensor, teacher: Tensor, labels: Tensor, mix: LiveMix): Tensor {
  const { alpha, ignoreIndex } = mix;
  checkSameClasses(student.shape, teacher.shape);
  const soft = softLoss(student, teacher, labels, mix).mul(inDTypeOf(student, alpha));
  if (alpha === 1) return soft;
  const hard = crossEntropy(student, labels, { ...(ignoreIndex !== undefined && { ignoreIndex }) });
  return soft.add(hard.mul(isTensor(alpha) ? alpha.cast(student.dtype).neg().add(1) : 1 - alpha));
}

/** T² · KL(teacher ‖ student), the mean over the places that count. */
function softLoss(student: Tensor, teacher: Tensor, labels: Tensor, { temperature, ignoreIndex }: LiveMix): Tensor {
  const heat = inDTypeOf(student, temperature);
  const targets = teacher.detach().div(heat);
  const surprise = targets.logSoftmax().sub(student.div(heat).logSoftmax());
  const divergences = massTimes(targets.softmax(), surprise).sum(-1);
  const squared = isTensor(heat) ? heat.square() : heat ** 2;
  return meanOf(divergences, labels, ignoreIndex).mul(squared);
}

/** The mean, without places whose label is ignored. */
function meanOf(values: Tensor, labels: Tensor, ignoreIndex: number | undefined): Tensor {
  if (ignoreIndex === undefined || isFloat(labels.dtype)) return values.mean();
  const counts = labels.ne(ignoreIndex);
  const wide = wideFloat(values.dtype);
  const total = inDType(values.where(counts, 0), wide).sum();
  return inDType(total.div(counts.cast(wide).sum()), values.dtype);
}

/** A tensor of one number must not widen what it is multiplied with. */
function inDTypeOf(like: Tensor, value: number | Tensor): number | Tensor {
  return isTensor(value) ? value.cast(like.dtype) : value;
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
