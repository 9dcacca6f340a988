import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build, fit } from '@espalier/nn';
import type { Json } from '@espalier/nn';
import { saveModel, writeFileAtomic } from '@espalier/nn/node';
import type { Candidate } from '../recipe/candidate.ts';
import type { CurvePoint } from '../report/report-data.ts';
import { modelConfig } from './architecture.ts';
import { fitOptions } from './fit-options.ts';
import { follow } from './follow.ts';
import { imageData } from './image-data.ts';
import type { JobContext } from './job.ts';

/** A candidate to train on all training images. */
export interface TrainInput {
  readonly source: string;
  readonly candidate: Candidate;
  readonly seed: number;
  readonly epochs: number;
  /** Where the model goes, and a checkpoint when training is stopped. */
  readonly folder: string;
  /** Goes on from the checkpoint in the folder, if there is one. */
  readonly resume: boolean;
}

/** How a training went. */
export interface Trained {
  readonly curve: readonly CurvePoint[];
}

/** The file in a model's folder that a stopped training leaves. */
const checkpointFile = 'checkpoint.safetensors';

async function readCheckpoint(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch {
    return undefined;
  }
}

/** Trains a candidate on all training images and saves the model. */
export async function trainStage(input: TrainInput, context: JobContext): Promise<Trained> {
  const { source, candidate, seed, epochs, folder, resume } = input;
  const { architecture, initialiser, training } = candidate;
  const { train, task } = await imageData(source, context.device);
  const model = build(modelConfig(architecture, initialiser, task), { seed, device: context.device });
  const checkpoint = join(folder, checkpointFile);
  const bytes = resume ? await readCheckpoint(checkpoint) : undefined;
  const follower = follow(context, epochs);
  await fit(model, train, {
    ...fitOptions(training, follower),
    epochs,
    seed,
    checkpoint: { save: (state) => writeFileAtomic(checkpoint, state) },
    ...(bytes === undefined ? {} : { resume: bytes }),
  });
  const { channels, height, width } = task;
  await saveModel(folder, model, {
    metadata: { input: [channels, height, width], candidate: candidate as unknown as Json },
  });
  await rm(checkpoint, { force: true });
  return { curve: follower.curve() };
}
