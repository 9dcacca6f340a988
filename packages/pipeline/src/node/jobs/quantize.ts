/** The job that quantizes a saved model. */
import { quantize as rounding } from '@espalier/optimize';
import type { JobContext } from '../../jobs/job.ts';
import type { QuantizeInput } from '../../jobs/jobs.ts';
import { taskNamed } from '../../task/task.ts';
import { optimizeModel } from './optimize-model.ts';

/** Stores a model's weights in fewer bits; zeros stay zeros. */
export async function quantize(input: QuantizeInput, context: JobContext): Promise<null> {
  const { from, folder, weights, granularity } = input;
  const pass = rounding({ weights, granularity });
  // Nothing is trained, so the task does not matter.
  await optimizeModel({ from, folder, task: taskNamed(), steps: () => [pass], seed: 0, epochs: 1 }, context);
  return null;
}
