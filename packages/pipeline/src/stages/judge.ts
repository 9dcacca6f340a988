/** The stage in which models of a table are judged as the task of their target is, beside baselines. */
import { UsageError } from '../errors.ts';
import type { JudgeInput, Judgement } from '../jobs/jobs.ts';
import type { Stage } from '../pipeline/stage.ts';
import type { Curves } from '../report/report.ts';
import { folderOfRow } from '../rows/make-rows.ts';

/** Judges each model as it was saved by the test rows of the table, with intervals, and baselines by the same rows. */
export const judgeStage: Stage = {
  name: 'judge',
  options: {},
  inputs: ['trained'],
  optional: ['compressed'],
  outputs: ['judged'],
  run: async (context) => {
    const { pipeline, host, runner, inputs } = context;
    const { source } = pipeline.data;
    if (typeof source === 'string' || source.source !== 'table')
      throw new UsageError('judge: it is of tables: leave this stage out, or take the data from the source table');
    const made = { ...(inputs['trained'] as Curves), ...(inputs['compressed'] as Curves | undefined) };
    const names = pipeline.rows.map(({ name }) => name).filter((name) => Object.hasOwn(made, name));
    const folders = names.map((name) => folderOfRow(context, name));
    const bar = host.progress.start('judge', 1);
    const judged = await runner.run('judge', { table: source.options as JudgeInput['table'], folders });
    bar.finish();
    // Models are told by their rows, since the folder is yet to be put in its place.
    return { judged: judged.map((each, index): Judgement => ({ ...each, name: names[index] ?? each.name })) };
  },
};
