/** Figures of a saved model as commands show them. */
import type { Judgement, Lesson, Measured, ModelCost, ModelFigures, Runner, SourceUse } from '@espalier/pipeline';
import type { Session } from '../cli/session.ts';
import { formatBytes, formatCount, formatMacs, formatMilliseconds, formatPercent } from '../terminal/format.ts';

/** How good a saved model is on the test images, and what it costs. */
export interface Measurement extends ModelFigures, Pick<Measured, 'images' | 'passes' | 'latencyMs' | 'trainImages'> {
  /** Test images whose class it gets right. */
  readonly correct: number;
  /** Rows are the true classes, columns the predicted ones. */
  readonly confusion: readonly (readonly number[])[];
}

/** What a saved model costs, and how good it is on test examples of its own kind, in their unit. */
export interface JudgedModel
  extends ModelCost, Pick<Measured, 'images' | 'trainImages'>, Pick<Judgement, 'metrics' | 'intervals'> {}

/** What a saved model costs, where its metrics are of another task than classes of digits. */
export async function measureOf(
  session: Session,
  runner: Runner,
  folder: string,
  { source, task }: Lesson,
): Promise<Omit<JudgedModel, 'metrics' | 'intervals'>> {
  const bar = session.progress.start('evaluate', 1);
  const input = { source, folder, latency: false, ...(task !== undefined && { task }) };
  const measured = await runner.run('measure', input, (done, total, note) => bar.update(done / total, note));
  bar.finish();
  const { images, trainImages, parameters, nonZeros, bytes, macs } = measured;
  return { images, trainImages, parameters, nonZeros, bytes, macs };
}

/** Evaluates a saved model, showing how far it is; its latency as well, unless that is going to be compared. */
export async function measureModel(
  session: Session,
  runner: Runner,
  folder: string,
  source: SourceUse,
  latency = true,
): Promise<Measurement> {
  const bar = session.progress.start('evaluate', 1);
  const { metrics, details, ...rest } = await runner.run('measure', { source, folder, latency }, (done, total, note) =>
    bar.update(done / total, note),
  );
  bar.finish();
  // What the task classification measures.
  const measured = { ...metrics, ...details, ...rest } as unknown as Omit<Measurement, 'correct'>;
  return { ...measured, correct: Math.round(measured.accuracy * measured.images) };
}

/** What a measured model is, a line for each fact. */
export function describeMeasurement(measured: Measurement): string {
  const { accuracy, correct, images, trainImages, macroF1, parameters, nonZeros, bytes, macs, latencyMs } = measured;
  const facts: readonly (readonly [string, string])[] = [
    [
      'test accuracy',
      `${formatPercent(accuracy)} (${formatCount(correct)} of ${formatCount(images)} examples; ${formatCount(trainImages)} others are for training)`,
    ],
    ['macro-F1', macroF1.toFixed(4)],
    ['parameters', `${formatCount(parameters)}, of which ${formatCount(nonZeros)} are not zero`],
    ['on disk', formatBytes(bytes)],
    ['MACs', formatMacs(macs)],
    ...(latencyMs === undefined ? [] : [['latency', `${formatMilliseconds(latencyMs)} for one image`] as const]),
  ];
  return facts.map(([name, fact]) => `${name.padEnd(14)} ${fact}`).join('\n');
}
