/** The jobs that ask a saved model about more data: what it says of it, and how good that is. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PredictedColumn, Question } from '../../data/judgement.ts';
import { sourceOfPreparation, type DataSource } from '../../data/source.ts';
import { UsageError } from '../../errors.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { AskInput, Assessed } from '../../jobs/jobs.ts';
import { loadModelFolder } from '../load-model.ts';

/** The model of a folder with the source that its data was of. */
async function asked(
  { from, path }: AskInput,
  { device }: JobContext,
): Promise<{ readonly source: DataSource; readonly question: Question }> {
  const { model, metadata } = await loadModelFolder(from, { device });
  const { preparation = null } = metadata;
  const source = sourceOfPreparation(preparation ?? undefined, from);
  return { source, question: { model, preparation, from, path, device } };
}

/**
 * What a model says of data, prepared as that which it learnt from.
 * @throws {UsageError} for a model that does not say how its data was prepared.
 */
export async function predict(input: AskInput, context: JobContext): Promise<readonly PredictedColumn[]> {
  const { source, question } = await asked(input, context);
  if (source.predict) return source.predict(question);
  throw new UsageError(`${input.from}: nothing is predicted of data of the source ${source.name}`);
}

/**
 * How good a model is on data, prepared as that which it learnt from.
 * @throws {UsageError} for a model that does not say how its data was prepared.
 */
export async function assess(input: AskInput, context: JobContext): Promise<Assessed> {
  const { source, question } = await asked(input, context);
  if (!source.judgeOn) throw new UsageError(`${input.from}: nothing is judged by data of the source ${source.name}`);
  const { judge, baselines, examples } = await source.judgeOn(question);
  const { size: weightBytes } = await stat(join(input.from, 'model.safetensors'));
  return { judgement: { name: input.from, weightBytes, ...(await judge(question.model)) }, baselines, examples };
}
