/** The job that distils a saved model. */
import { countParameters } from '@espalier/nn';
import { distill as distilling } from '@espalier/optimize';
import { modelOf, smallerArchitecture } from '../../candidate/architecture-type.ts';
import { atHand, openData } from '../../data/source.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { DistillInput, Trained } from '../../jobs/jobs.ts';
import { taskNamed } from '../../task/task.ts';
import { optimizeModel } from './optimize-model.ts';

/** Trains a student to answer as its teacher does, and saves it. */
export async function distill(input: DistillInput, context: JobContext): Promise<Trained> {
  const { source, teacher: from, folder, candidate, size, epochs, temperature, alpha, lr, seed } = input;
  const { weakTeacher } = input;
  const { architecture, initialiser, training } = candidate;
  const task = taskNamed(input.task);
  const data = atHand(await openData(source, context.device));
  const train = { epochs, batchSize: training.batch, optimizer: { type: 'adam', lr }, schedule: 'one-cycle' };
  return optimizeModel(
    {
      from,
      folder,
      task,
      steps: (teacher) => {
        const own =
          size === undefined
            ? architecture
            : smallerArchitecture(architecture, data, task, Math.floor(size * countParameters(teacher)));
        const student = modelOf(own, initialiser, data, task);
        return [
          distilling({
            student,
            ...(temperature !== undefined && { temperature }),
            alpha,
            train,
            ...(weakTeacher && { weakTeacher }),
          }),
        ];
      },
      data,
      seed,
      epochs,
      metadata: { input: data.input },
    },
    context,
  );
}
