/** The job that prunes a saved model. */
import { prune as pruning } from '@espalier/optimize';
import { atHand, openData } from '../../data/source.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { PruneInput, Trained } from '../../jobs/jobs.ts';
import { taskNamed } from '../../task/task.ts';
import { optimizeModel } from './optimize-model.ts';

/** Prunes a model gradually while training it on, and saves what is left. */
export async function prune(input: PruneInput, context: JobContext): Promise<Trained> {
  const { source, from, folder, method, sparsity, scope, epochs, lr, batch, seed } = input;
  const data = atHand(await openData(source, context.device));
  const training = { epochs, batchSize: batch, optimizer: { type: 'adam', lr }, schedule: 'cosine' };
  const pass = pruning({ method, sparsity, scope, schedule: 'cubic', train: training });
  const task = taskNamed(input.task);
  return optimizeModel({ from, folder, task, steps: () => [pass], data, seed, epochs }, context);
}
