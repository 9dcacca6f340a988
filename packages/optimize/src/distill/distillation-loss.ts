/** Distillation of logits. */
import { ArgumentError, crossEntropy, type Tensor } from '@espalier/tensor';

/** How hard labels and the teacher are mixed. */
export interface DistillationMix {
  /** Both distributions are softened by dividing the logits by this. Default: 4. */
  readonly temperature?: number;
  /** Share of the teacher's part; the rest is cross-entropy with the labels. Default: 0.9. */
  readonly alpha?: number;
}

/**
 * (1 - α) · CE(labels, z_s) + α · T² · KL(softmax(z_t / T) ‖ softmax(z_s / T)), the mean over the batch. T² keeps the
 * gradients of both parts in proportion whatever the temperature. No gradient flows to the teacher.
 * Source: Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015.
 *
 * `student` and `teacher` are logits [batch, classes]; `labels` are class indices [batch]. Throws ArgumentError for a
 * temperature that is not positive or an α outside 0 … 1.
 */
export function distillationLoss(student: Tensor, teacher: Tensor, labels: Tensor, mix: DistillationMix = {}): Tensor {
  const { temperature, alpha } = checkMix(mix);
  const targets = teacher.detach().div(temperature);
  const surprise = targets.logSoftmax().sub(student.div(temperature).logSoftmax());
  const divergence = targets.softmax().mul(surprise).sum(-1).mean();
  const soft = divergence.mul(alpha * temperature ** 2);
  return alpha === 1 ? soft : soft.add(crossEntropy(student, labels).mul(1 - alpha));
}

/** The mix with its defaults. Throws ArgumentError as `distillationLoss` does. */
export function checkMix({ temperature = 4, alpha = 0.9 }: DistillationMix): Required<DistillationMix> {
  if (!(temperature > 0)) throw new ArgumentError('distill', `the temperature is ${temperature}; it must be above 0`);
  if (!(alpha >= 0 && alpha <= 1)) throw new ArgumentError('distill', `alpha is ${alpha}; it must lie between 0 and 1`);
  return { temperature, alpha };
}
