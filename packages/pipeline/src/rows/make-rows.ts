/** Makes the models of rows, side by side where none needs another. */
import type { Candidate } from '../candidate/candidate.ts';
import { UsageError } from '../errors.ts';
import { sharedBar } from '../host/shared-bar.ts';
import { lessonOf } from '../pipeline/lesson.ts';
import type { RowUse } from '../pipeline/pipeline.ts';
import type { RowContext } from '../pipeline/row.ts';
import type { StageContext } from '../pipeline/stage.ts';
import type { CurvePoint, Curves } from '../report/report.ts';
import { digest } from '../text/digest.ts';
import { rowNamed } from './known.ts';

/** Where the model of a row is. */
export const folderOfRow = ({ folder }: Pick<StageContext, 'folder'>, name: string): string => `${folder}/${name}`;

/**
 * Makes the models of some rows of a pipeline that are not made, and gives the learning curve of each.
 * @param label what the progress is called
 */
export async function makeRows(context: StageContext, rows: readonly RowUse[], label: string): Promise<Curves> {
  const { pipeline, host, runner, inputs, state, resume } = context;
  const total = rows.reduce((sum, { type, options = {} }) => sum + rowNamed(type).weight(options), 0);
  const bar = sharedBar(host.progress, label, total);
  const made = new Map<string, Promise<readonly CurvePoint[]>>();
  const keys = new Map<string, string>();

  const make = async ({ name, type, from, options = {} }: RowUse): Promise<readonly CurvePoint[]> => {
    const row = rowNamed(type);
    if (from !== undefined) await made.get(from);
    const rowContext: RowContext = {
      pipeline,
      options,
      lesson: lessonOf(pipeline),
      from: from === undefined ? '' : folderOfRow(context, from),
      folder: folderOfRow(context, name),
      get winner() {
        const { winner } = inputs;
        if (winner !== undefined) return winner as Candidate;
        throw new UsageError(`row ${name}: it is made from what a search finds: put the stage search before it`);
      },
      runner,
      resume,
      onProgress: bar.piece(name, row.weight(options)),
    };
    return state.stage(`rows/${name}`, () => row.make(rowContext), keys.get(name));
  };

  const { data, task, seed } = pipeline;
  for (const row of rows) {
    const { name, type, from = '', options } = row;
    const origin = keys.get(from) ?? [from, inputs];
    keys.set(name, digest([type, options, data, task, seed, runner.device.kind, origin]));
    made.set(name, make(row));
  }
  // All of them end before the first failure is thrown, so that none goes on writing behind its back.
  const ends = await Promise.allSettled(made.values());
  const curves = ends.map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
  bar.finish();
  return Object.fromEntries(rows.map(({ name }, index) => [name, curves[index] ?? []]));
}
