/** The job that carries out passes which JSON names. */
import { parseRecipe } from '@espalier/optimize';
import { atHand, openData } from '../../data/source.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { OptimizeInput, Trained } from '../../jobs/jobs.ts';
import { taskNamed } from '../../task/task.ts';
import { optimizeModel } from './optimize-model.ts';

/** Carries out a recipe of passes on a saved model, and saves what came of it. */
export async function optimize(input: OptimizeInput, context: JobContext): Promise<Trained> {
  const { source, from, folder, steps, seed } = input;
  const data = atHand(await openData(source, context.device));
  const parsed = parseRecipe(steps);
  const task = taskNamed(input.task);
  return optimizeModel({ from, folder, task, steps: () => parsed, data, seed, epochs: 1 }, context);
}
