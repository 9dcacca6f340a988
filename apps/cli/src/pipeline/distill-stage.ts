import { countParameters } from '@espalier/nn';
import { distill } from '@espalier/optimize';
import type { Candidate } from '../recipe/candidate.ts';
import { modelConfig, studentOf } from './architecture.ts';
import { imageData } from './image-data.ts';
import type { JobContext } from './job.ts';
import { optimizeModel } from './optimize-model.ts';
import type { Trained } from './train-stage.ts';

/** A saved model to learn from. */
export interface DistillInput {
  readonly source: string;
  readonly teacher: string;
  readonly folder: string;
  /** Where the student's architecture, initialiser and batch size come from. */
  readonly candidate: Candidate;
  /** Shrinks the architecture to this part of the teacher's parameters; left out, it is taken as it is. */
  readonly size?: number;
  readonly epochs: number;
  readonly temperature: number;
  readonly alpha: number;
  readonly lr: number;
  readonly seed: number;
}

/** Trains a student to answer as its teacher does, and saves it. */
export async function distillStage(input: DistillInput, context: JobContext): Promise<Trained> {
  const { source, teacher: from, folder, candidate, size, epochs, temperature, alpha, lr, seed } = input;
  const { initialiser, training } = candidate;
  const { train: images, task } = await imageData(source, context.device);
  const train = { epochs, batchSize: training.batch, optimizer: { type: 'adam', lr }, schedule: 'one-cycle' };
  const { channels, height, width } = task;
  return optimizeModel(
    {
      from,
      folder,
      pass: (teacher) => {
        const { architecture } = candidate;
        const own =
          size === undefined
            ? architecture
            : studentOf(architecture, task, Math.floor(size * countParameters(teacher)));
        return distill({ student: modelConfig(own, initialiser, task), temperature, alpha, train });
      },
      data: { train: images },
      seed,
      epochs,
      metadata: { input: [channels, height, width] },
    },
    context,
  );
}
