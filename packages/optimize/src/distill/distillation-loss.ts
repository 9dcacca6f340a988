/** Distillation of logits. */
import {
  arange,
  ArgumentError,
  checkpoint,
  crossEntropy,
  customGradient,
  inDType,
  isFloat,
  isTensor,
  massTimes,
  ShapeError,
  tensor as tensorOf,
  wideFloat,
  type Shape,
  type Tensor,
} from '@espalier/tensor';
import { aNumber, anInteger, aTensor, check, checkOptions, listOf, type OptionRules } from '@espalier/tensor/arguments';

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
  /** How much each class counts, of the labels: the mean of their part is over these weights. A teacher has learnt what counts. */
  readonly weight?: readonly number[];
}

/** The same with numbers that a training moves. */
export interface LiveMix {
  readonly temperature: number | Tensor;
  readonly alpha: number | Tensor;
  readonly ignoreIndex?: number | undefined;
  readonly weight?: readonly number[] | undefined;
}

const lossRules: OptionRules<DistillationLossOptions> = {
  temperature: aNumber,
  alpha: aNumber,
  ignoreIndex: anInteger,
  weight: listOf(aNumber),
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
  const { ignoreIndex, weight, ...mix } = checkOptions('distillationLoss', options, lossRules);
  return mixedLoss(student, teacher, labels, { ...checkMix(mix), ignoreIndex, weight });
}

/**
 * As `distillationLoss`, with numbers that may be tensors.
 * @throws {ShapeError} for logits of different shapes.
 */
export function mixedLoss(student: Tensor, teacher: Tensor, labels: Tensor, mix: LiveMix): Tensor {
  const { alpha, ignoreIndex, weight } = mix;
  checkSameClasses(student.shape, teacher.shape);
  const rows = alpha === 0 ? undefined : divergences(student, teacher.detach(), mix);
  if (isFloat(labels.dtype)) {
    const options = weight ? { weight } : {};
    const hard = alpha === 1 ? undefined : crossEntropy(student, labels, options).mul(restOf(alpha, student));
    return sumOf(rows?.mean(), hard) as Tensor;
  }
  const hard = alpha === 1 ? undefined : surprises(student, labels, ignoreIndex).mul(restOf(alpha, student));
  const counts = ignoreIndex === undefined ? undefined : labels.ne(ignoreIndex);
  if (hard && weight) return sumOf(rows && meanOf(rows, counts), weightedMean(hard, labels, weight, counts)) as Tensor;
  return meanOf(sumOf(rows, hard) as Tensor, counts);
}

/** 1 - α. */
function restOf(alpha: number | Tensor, like: Tensor): number | Tensor {
  return isTensor(alpha) ? alpha.cast(like.dtype).neg().add(1) : 1 - alpha;
}

function sumOf(one: Tensor | undefined, other: Tensor | undefined): Tensor | undefined {
  return one && other ? one.add(other) : (one ?? other);
}

/**
 * Losses of rows of logits whose gradient is `away` times that of the row. Both are computed from the logits and from what else
 * is that large, at two times, so that nothing of their size is kept between.
 */
function rowLosses(
  inputs: readonly [logits: Tensor, ...others: Tensor[]],
  losses: (...inputs: Tensor[]) => Tensor,
  away: (...inputs: Tensor[]) => Tensor,
): Tensor {
  const rows = customGradient({
    forward: losses,
    backward: (gradient, given) => [away(...given).mul(gradient.unsqueeze(-1)), ...given.slice(1).map(() => undefined)],
  });
  return checkpoint(rows)(...inputs);
}

/** α · T² · KL(softmax(teacher / T) ‖ softmax(student / T)) of each row. */
function divergences(student: Tensor, teacher: Tensor, { temperature, alpha }: LiveMix): Tensor {
  const heat = inDTypeOf(student, temperature);
  const share = inDTypeOf(student, alpha);
  return rowLosses(
    [student, teacher],
    (logits, wise) => {
      const targets = wise.div(heat);
      const surprise = targets.logSoftmax().sub(logits.div(heat).logSoftmax());
      const squared = isTensor(heat) ? heat.square() : heat ** 2;
      return massTimes(targets.softmax(), surprise).sum(-1).mul(squared).mul(share);
    },
    (logits, wise) => logits.div(heat).softmax().sub(wise.div(heat).softmax()).mul(heat).mul(share),
  );
}

/** Cross-entropy of each row with its label. */
function surprises(student: Tensor, labels: Tensor, ignoreIndex: number | undefined): Tensor {
  const classes = student.shape.at(-1) as number;
  return rowLosses(
    [student],
    (logits) => crossEntropy(logits, labels, { reduction: 'none', ...(ignoreIndex !== undefined && { ignoreIndex }) }),
    (logits) => {
      const indices = labels.cast('i32').unsqueeze(-1);
      const hot = indices.eq(arange(0, classes, 1, { dtype: 'i32', device: student.device }));
      const away = logits.softmax().sub(hot.cast(student.dtype));
      // A label that is ignored, or of no class, says nothing.
      const isClass = indices.ge(0).logicalAnd(indices.lt(classes));
      return away.where(ignoreIndex === undefined ? isClass : isClass.logicalAnd(indices.ne(ignoreIndex)), 0);
    },
  );
}

/** The mean over the rows that count. */
function meanOf(values: Tensor, counts: Tensor | undefined): Tensor {
  if (!counts) return values.mean();
  const wide = wideFloat(values.dtype);
  const total = inDType(values.where(counts, 0), wide).sum();
  return inDType(total.div(counts.cast(wide).sum()), values.dtype);
}

/** The mean over the rows that count, each by the weight of its label. */
function weightedMean(values: Tensor, labels: Tensor, weight: readonly number[], counts: Tensor | undefined): Tensor {
  const wide = wideFloat(values.dtype);
  const classes = arange(0, weight.length, 1, { dtype: 'i32', device: values.device });
  const hot = labels.cast('i32').unsqueeze(-1).eq(classes);
  const every = tensorOf(weight, { dtype: wide, device: values.device }).where(hot, 0).sum(-1);
  const own = counts ? every.where(counts, 0) : every;
  return inDType(massTimes(own, inDType(values, wide)).sum().div(own.sum()), values.dtype);
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
