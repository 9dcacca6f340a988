/** The job that a search consists of: train a candidate a little and score it. */
import { build, evaluate, fit, split } from '@espalier/nn';
import { modelOf } from '../../candidate/architecture-type.ts';
import { atHand, openData } from '../../data/source.ts';
import { fitOptions, lessons } from '../../jobs/fit-options.ts';
import { follow } from '../../jobs/follow.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { TrialInput } from '../../jobs/jobs.ts';
import { learningLoss } from '../../jobs/learning-loss.ts';
import { taskNamed } from '../../task/task.ts';

/** Trains a candidate on a part of the training examples, and gives its score on another part. */
export async function trial(input: TrialInput, context: JobContext): Promise<number> {
  const { source, candidate, seed, splitSeed, images, validation, epochs } = input;
  const { architecture, initialiser, training } = candidate;
  const task = taskNamed(input.task);
  const data = atHand(await openData(source, context.device));
  const [own, heldOut] = data.validate
    ? [data.train, data.validate]
    : split(data.train, [images, validation], { seed: splitSeed });
  if (own === undefined || heldOut === undefined) return 0;
  const config = modelOf(architecture, initialiser, data, task);
  const model = build(config, { seed, device: context.device });
  const loss = await learningLoss(task, data, own, input.classWeights);
  const follower = follow(context, epochs);
  const [lesson, changes] = lessons(data, own, seed);
  await fit(model, lesson, { ...fitOptions(loss, training, follower), ...changes, epochs, seed });
  const { score } = await evaluate(model, heldOut, { score: task.score.metric }, { signal: follower.signal });
  return score;
}
