/** The stage in which models are judged in the unit of their data, beside baselines. */
import type { Judgement } from '../data/judgement.ts';
import type { Stage } from '../pipeline/stage.ts';
import type { Curves } from '../report/report.ts';
import { folderOfRow } from '../rows/make-rows.ts';

/** Judges each model as it was saved by the test part of the data, with intervals, and baselines by the same examples. */
export const judgeStage: Stage = {
  name: 'judge',
  options: {},
  inputs: ['trained'],
  optional: ['compressed'],
  outputs: ['judged'],
  run: async (context) => {
    const { pipeline, host, runner, inputs } = context;
    const { source } = pipeline.data;
    const made = { ...(inputs['trained'] as Curves), ...(inputs['compressed'] as Curves | undefined) };
    const names = pipeline.rows.map(({ name }) => name).filter((name) => Object.hasOwn(made, name));
    const folders = names.map((name) => folderOfRow(context, name));
    const bar = host.progress.start('judge', 1);
    const judged = await runner.run('judge', { source, folders });
    bar.finish();
    // Models are told by their rows, since the folder is yet to be put in its place.
    return { judged: judged.map((each, index): Judgement => ({ ...each, name: names[index] ?? each.name })) };
  },
};
