import { accuracy, build, evaluate, fit, split } from '@espalier/nn';
import type { Candidate } from '../recipe/candidate.ts';
import { modelConfig } from './architecture.ts';
import { fitOptions } from './fit-options.ts';
import { follow } from './follow.ts';
import { imageData } from './image-data.ts';
import type { JobContext } from './job.ts';

/** A candidate to try. */
export interface TrialInput {
  readonly source: string;
  readonly candidate: Candidate;
  /** Of the weights and the order of images: each trial has its own. */
  readonly seed: number;
  /** Of the parts that images are divided into: all trials of a search have the same. */
  readonly splitSeed: number;
  /** How many training images to learn from. */
  readonly images: number;
  /** How many other training images to be judged by. */
  readonly validation: number;
  readonly epochs: number;
}

/** Trains a candidate on a part of the training images, and gives its accuracy on another part. */
export async function trialStage(input: TrialInput, context: JobContext): Promise<number> {
  const { source, candidate, seed, splitSeed, images, validation, epochs } = input;
  const { architecture, initialiser, training } = candidate;
  const { train, task } = await imageData(source, context.device);
  const [own, heldOut] = split(train, [images, validation], { seed: splitSeed });
  if (own === undefined || heldOut === undefined) return 0;
  const model = build(modelConfig(architecture, initialiser, task), { seed, device: context.device });
  const follower = follow(context, epochs);
  await fit(model, own, { ...fitOptions(training, follower), epochs, seed });
  return (await evaluate(model, heldOut, { accuracy }, { signal: follower.signal })).accuracy;
}
