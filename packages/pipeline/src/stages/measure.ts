/** The stage in which models are measured, all under the same conditions. */
import { UsageError } from '../errors.ts';
import { sharedBar } from '../host/shared-bar.ts';
import type { Comparison, Measured } from '../jobs/jobs.ts';
import { lessonOf } from '../pipeline/lesson.ts';
import type { Stage, StageContext } from '../pipeline/stage.ts';
import type { Curves } from '../report/report.ts';
import { folderOfRow } from '../rows/make-rows.ts';

/** The models of a run as they were saved, the first of them the one that the others are compared with. */
export interface MeasuredRows {
  readonly names: readonly string[];
  /** In the order of the names. */
  readonly models: readonly Measured[];
  /** Of all models but the first, with the first. */
  readonly latencies: Comparison;
}

async function measureRows(context: StageContext): Promise<MeasuredRows> {
  const { pipeline, host, runner, inputs } = context;
  const made = { ...(inputs['trained'] as Curves), ...(inputs['compressed'] as Curves | undefined) };
  const names = pipeline.rows.map(({ name }) => name).filter((name) => Object.hasOwn(made, name));
  if (names.length === 0) throw new UsageError('measure: there is no model: add a row to the pipeline');
  const lesson = lessonOf(pipeline);
  const bar = sharedBar(host.progress, 'measure', 2 * names.length);
  const models: Measured[] = [];
  for (const name of names) {
    const input = { ...lesson, folder: folderOfRow(context, name), latency: false };
    models.push(await runner.run('measure', input, bar.piece(name)));
  }
  const [baseline = '', ...folders] = names.map((name) => folderOfRow(context, name));
  const { source } = lesson;
  const latencies = await runner.run('compare', { source, baseline, folders }, bar.piece('latency', names.length));
  bar.finish();
  return { names, models, latencies };
}

/** Evaluates each model as it was saved, one after the other, so that nothing disturbs the latency. */
export const measureStage: Stage = {
  name: 'measure',
  options: {},
  inputs: ['trained'],
  optional: ['compressed'],
  outputs: ['measured'],
  run: async (context) => ({ measured: await measureRows(context) }),
};
