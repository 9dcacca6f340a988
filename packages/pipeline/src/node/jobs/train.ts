/** The job that trains what a search found, and can go on from where it was stopped. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build, fit, type Json } from '@espalier/nn';
import { saveModel, writeFileAtomic } from '@espalier/nn/node';
import { modelOf } from '../../candidate/architecture-type.ts';
import { partsOf } from '../../data/hold-out.ts';
import { openData } from '../../data/source.ts';
import { fitOptions, lessons } from '../../jobs/fit-options.ts';
import { follow } from '../../jobs/follow.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { TrainInput, Trained } from '../../jobs/jobs.ts';
import { learningLoss } from '../../jobs/learning-loss.ts';
import { taskNamed } from '../../task/task.ts';

/** The file in a model's folder that a stopped training leaves. */
const checkpointFile = 'checkpoint.safetensors';

async function readCheckpoint(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch {
    return undefined;
  }
}

/** Trains a candidate on all training examples and saves the model. */
export async function train(input: TrainInput, context: JobContext): Promise<Trained> {
  const { source, candidate, seed, epochs, folder, resume } = input;
  const { architecture, initialiser, training } = candidate;
  const task = taskNamed(input.task);
  const data = await openData(source, context.device);
  const { heldOut } = input;
  const own = heldOut === undefined ? data.train : partsOf(data, heldOut).train;
  const config = modelOf(architecture, initialiser, data, task);
  const model = build(config, { seed, device: context.device });
  const checkpoint = join(folder, checkpointFile);
  const bytes = resume ? await readCheckpoint(checkpoint) : undefined;
  const loss = await learningLoss(task, data, own, input.classWeights);
  const follower = follow(context, epochs);
  const [lesson, changes] = lessons(data, own, seed);
  await fit(model, lesson, {
    ...fitOptions(loss, training, follower),
    ...changes,
    epochs,
    seed,
    checkpoint: {
      save: (state) => writeFileAtomic(checkpoint, state),
      // An epoch of what is larger than memory is long.
      ...(own.order && { everySteps: 1000 }),
    },
    ...(bytes === undefined ? {} : { resume: bytes }),
  });
  await saveModel(folder, model, {
    metadata: {
      input: data.input,
      candidate: candidate as unknown as Json,
      ...(heldOut !== undefined && { heldOut }),
      ...(data.preparation !== undefined && { preparation: data.preparation }),
    },
  });
  await rm(checkpoint, { force: true });
  return { curve: follower.curve() };
}
