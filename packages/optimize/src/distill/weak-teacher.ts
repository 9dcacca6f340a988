/** Whether a teacher has something to teach. */
import { accuracy, evaluate, meanLoss, type Dataset, type LossFunction, type Module } from '@espalier/nn';
import { dryRun, isFloat } from '@espalier/tensor';
import { showCount, showShare } from '../report/format.ts';

/** How good a model is on data, before training. */
export interface Standing {
  /** The mean over all examples. */
  readonly loss: number;
  /** Share of right answers, where targets are classes. */
  readonly accuracy?: number;
}

/** How good a model is. */
export async function standingOf(model: Module, data: Dataset, loss: LossFunction): Promise<Standing> {
  const { x, y } = await data.batch([0]);
  const output = dryRun([{ shape: x.shape, dtype: x.dtype, device: x.device }], (input) => model.call(input).shape);
  const isOfClasses = y.rank === 1 && !isFloat(y.dtype) && output.length === 2;
  for (const tensor of [x, y]) tensor.dispose();
  const mean = meanLoss(loss);
  return isOfClasses ? evaluate(model, data, { accuracy, loss: mean }) : evaluate(model, data, { loss: mean });
}

/**
 * Whether a teacher is worse than its student: fewer right answers, or as many at a larger loss. One that answers as its student
 * does still is what the student was, and holds it there while it is made smaller.
 */
export function isWeak(teacher: Standing, student: Standing): boolean {
  const [own = 0, others = 0] = [teacher.accuracy, student.accuracy];
  return own === others ? !(teacher.loss <= student.loss) : !(own > others);
}

/** How good a model is, in words. */
function showStanding({ accuracy: share, loss }: Standing): string {
  const loses = `a loss of ${Number(loss.toPrecision(4))}`;
  return share === undefined ? loses : `${showShare(share)} of right answers at ${loses}`;
}

/** The sentence on a teacher that is worse than its student. */
export function weakness(name: string, teacher: Standing, student: Standing, examples: number): string {
  return (
    `the teacher '${name}' is no better than its student on the ${showCount(examples)} examples of data.validate: ` +
    `the teacher has ${showStanding(teacher)}, the student ${showStanding(student)}`
  );
}
