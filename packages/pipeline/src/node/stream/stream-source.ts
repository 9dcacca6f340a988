/** Rows of a table that is larger than memory as data of a run. */
import { existsSync } from 'node:fs';
import { taskOf } from '@espalier/data';
import type { Device } from '@espalier/tensor';
import type { Judge } from '../../data/judgement.ts';
import type { DataSource } from '../../data/source.ts';
import { UsageError } from '../../errors.ts';
import { oneOf, optional, text, wholeNumber } from '../../fields.ts';
import { examine } from '../intervals.ts';
import { withParting } from '../saved-preparation.ts';
import { tableSource } from '../table/table-source.ts';
import { countsOf } from './target-counts.ts';
import { streamBaselines } from './stream-baselines.ts';
import { openStreamedTable, type StreamedTableUse } from './open-stream.ts';

/** Judges by rows of the test part that are held; `measure` goes through all of them. */
async function judgeStream(use: StreamedTableUse, device: Device): Promise<Judge> {
  const { preparation, target, counts, held, close } = await openStreamedTable(use, device);
  await close();
  const task = taskOf(target);
  const { dataset: test, targets } = held.judge;
  const examination = {
    test,
    targets,
    width: preparation.outputs,
    measure: (given: Parameters<typeof task.measure>[0]) => task.measure(given, target),
    shares: target.as === 'classes' ? ['accuracy'] : [],
    seed: use.seed,
  };
  return {
    examples: test.size,
    isPart: true,
    judge: (model) => examine(model, examination),
    baselines: await streamBaselines({ preparation, target, counts, held }),
  };
}

/** A CSV file that is larger than memory. */
export const streamedTableSource: DataSource<StreamedTableUse> = {
  name: 'streamed-table',
  options: { ...tableSource.options, memory: wholeNumber(1), kept: text, thread: optional(oneOf([true, false])) },
  check: ({ file }) => {
    if (!existsSync(file)) throw new UsageError(`${file}: there is no such file: give a table, such as houses.csv`);
  },
  reads: ({ file }) => [file],
  open: async (use, device) => {
    const { preparation, target, counts, held, train, test } = await openStreamedTable(use, device);
    return {
      train,
      sample: held.sample.dataset,
      validate: held.validate.dataset,
      test,
      input: [preparation.features.length],
      ...(target.as === 'classes'
        ? { classes: target.classes.length, classNames: target.classes, classCounts: countsOf(target, counts) ?? [] }
        : { targets: target.columns.length }),
      preparation: withParting(preparation.config(), { seed: use.seed, streamed: true }),
    };
  },
  judge: judgeStream,
};
