/** The jobs that ask a saved model about more data: what it says of it, and how good that is. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeTable } from '@espalier/data/node';
import type { PredictedColumn, Question } from '../../data/judgement.ts';
import { sourceOfPreparation, type DataSource } from '../../data/source.ts';
import { UsageError } from '../../errors.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { AskInput, Assessed, Predicted, PredictInput } from '../../jobs/jobs.ts';
import { loadModelFolder } from '../load-model.ts';

/** The model of a folder with the source that its data was of. */
async function asked(
  { from, path, preparation: told }: AskInput,
  { device }: JobContext,
): Promise<{ readonly source: DataSource; readonly question: Question }> {
  const { model, metadata } = await loadModelFolder(from, { device });
  const preparation = told ?? metadata['preparation'] ?? null;
  const source = sourceOfPreparation(preparation ?? undefined, from);
  return { source, question: { model, preparation, from, path, device } };
}

/**
 * What a model says of data, prepared as that which it learnt from.
 * @throws {UsageError} for a model that does not say how its data was prepared.
 */
export async function predict(input: PredictInput, context: JobContext): Promise<Predicted> {
  const { source, question } = await asked(input, context);
  if (!source.predict) throw new UsageError(`${input.from}: nothing is predicted of data of the source ${source.name}`);
  const said = source.predict(question);
  const batches = 'then' in said ? [await said] : said;
  const { output } = input;
  if (output) return written(batches, output);
  const all: PredictedColumn[] = [];
  for await (const columns of batches)
    for (const [index, { name, values }] of columns.entries())
      all[index] = { name, values: [...(all[index]?.values ?? []), ...values] };
  return { examples: all[0]?.values.length ?? 0, columns: all };
}

/** Writes predictions to a file as they come. */
async function written(
  batches: Iterable<readonly PredictedColumn[]> | AsyncIterable<readonly PredictedColumn[]>,
  { path, ending }: NonNullable<PredictInput['output']>,
): Promise<Predicted> {
  const file = await writeTable(path, ending);
  let examples = 0;
  try {
    for await (const columns of batches) {
      examples += columns[0]?.values.length ?? 0;
      await file.write(columns);
    }
    await file.finish();
  } finally {
    await file.close();
  }
  return { examples };
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
