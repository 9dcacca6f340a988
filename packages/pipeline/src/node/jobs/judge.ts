/** The job that judges saved models by the test part of their data: in its unit, beside what is reached without a network. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Judgement } from '../../data/judgement.ts';
import { judgeOf } from '../../data/source.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { JudgeInput } from '../../jobs/jobs.ts';
import { loadModelFolder } from '../load-model.ts';

/**
 * The metrics of each model, with their intervals, and those of baselines.
 * @throws {UsageError} for a model that cannot be loaded, or data that says nothing to judge by.
 */
export async function judge({ source, folders }: JudgeInput, { device }: JobContext): Promise<Judgement[]> {
  const { judge: judging, baselines, examples, isPart = false } = await judgeOf(source, device);
  const judged: Judgement[] = [];
  for (const folder of folders) {
    const { model } = await loadModelFolder(folder, { device });
    const { size: weightBytes } = await stat(join(folder, 'model.safetensors'));
    judged.push({ name: folder, weightBytes, ...(isPart && { examples }), ...(await judging(model)) });
  }
  return [...judged, ...baselines];
}
