/** The jobs that a search consists of: train a candidate a little and score it, on a part of the examples or on each of some folds. */
import { build, evaluate, fit, split, type Dataset } from '@espalier/nn';
import { modelOf } from '../../candidate/architecture-type.ts';
import { foldsOf } from '../../data/folds.ts';
import { atHand, openData, type Data } from '../../data/source.ts';
import { fitOptions, lessons } from '../../jobs/fit-options.ts';
import { follow } from '../../jobs/follow.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { CrossValidateInput, TrialInput } from '../../jobs/jobs.ts';
import { learningLoss } from '../../jobs/learning-loss.ts';
import { taskNamed } from '../../task/task.ts';

/** Examples of some data to learn from, and others to be scored by. */
interface Part {
  readonly data: Data;
  readonly own: Dataset;
  readonly heldOut: Dataset;
}

/** Trains a candidate on some examples, and gives its score on others. */
async function score(
  { data, own, heldOut }: Part,
  input: Omit<CrossValidateInput, 'folds'>,
  context: JobContext,
): Promise<number> {
  const { candidate, seed, epochs } = input;
  const { architecture, initialiser, training } = candidate;
  const task = taskNamed(input.task);
  const config = modelOf(architecture, initialiser, data, task);
  const model = build(config, { seed, device: context.device });
  const loss = await learningLoss(task, data, own, input.classWeights);
  const follower = follow(context, epochs);
  const [lesson, changes] = lessons(data, own, seed);
  await fit(model, lesson, { ...fitOptions(loss, training, follower), ...changes, epochs, seed });
  const found = await evaluate(model, heldOut, { score: task.score.metric }, { signal: follower.signal });
  return found.score;
}

/** Trains a candidate on a part of the training examples, and gives its score on another part. */
export async function trial(input: TrialInput, context: JobContext): Promise<number> {
  const { source, splitSeed, images, validation } = input;
  const data = atHand(await openData(source, context.device));
  const [own, heldOut] = data.validate
    ? [data.train, data.validate]
    : split(data.train, [images, validation], { seed: splitSeed });
  return own && heldOut ? score({ data, own, heldOut }, input, context) : 0;
}

/**
 * Trains a candidate on all folds but one, for each of them, and gives its score on that one.
 * @throws {UsageError} for data that has no folds.
 */
export async function crossValidate(input: CrossValidateInput, context: JobContext): Promise<readonly number[]> {
  const { source, folds: count, splitSeed } = input;
  const folds = await foldsOf(await openData(source, context.device), count, splitSeed);
  const scores: number[] = [];
  for (const [index, open] of folds.entries()) {
    const data = await open();
    const onProgress: JobContext['onProgress'] = (done, total, note) =>
      context.onProgress(index + done / Math.max(1, total), folds.length, note);
    const part = { data, own: data.train, heldOut: data.validate ?? data.test };
    scores.push(await score(part, input, { ...context, onProgress }));
  }
  return scores;
}
