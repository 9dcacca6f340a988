/** `espalier run --data FILE --target COLUMN`: from a table to a small model of one of its columns, without a recipe. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Judgement, Report } from '@espalier/pipeline';
import { runInFolder, stateFile, tablePipeline } from '@espalier/pipeline/node';
import { resumable } from '../cli/resumable.ts';
import type { Session } from '../cli/session.ts';
import { version } from '../cli/version.ts';
import { withWorkers } from '../cli/with-workers.ts';
import { UsageError } from '../errors.ts';
import { chosenFolder } from '../output/free-folder.ts';
import { withOutputFolder } from '../output/output-folder.ts';
import { judgedTable } from '../report/table-judged.ts';
import { defaultSeed } from './model-options.ts';
import { resumeArguments, type RecipeOptions } from './recipe-options.ts';

/** What is said of the run of a table. */
export interface TableRunOptions extends RecipeOptions {
  readonly target: string;
}

/** Candidates that are tried, if nobody says how many. */
const usualTrials = 10;

/** What a run is sure to write, in bytes. */
const runBytes = 4 << 20;

/** The report of a run of a table. */
type TableReport = Report & { readonly judged: readonly Judgement[] };

/** The folder of a run that nobody named: by the name of the table. */
function usualFolder(file: string, isUsed: boolean): string {
  const name = basename(file)
    .replace(/\.[^.]*$/u, '')
    .replaceAll(/[^\w-]+/gu, '-');
  return chosenFolder(join('runs', name === '' ? 'table' : name), isUsed);
}

/**
 * Searches, trains, makes smaller and judges a model of a column of a table, in a folder that is complete or not there.
 * @throws {UsageError} for options that do not go together, before anything is begun.
 * @throws {DataError | FormatError} naming row and column, for a table that cannot be learnt from.
 */
export async function runTable(session: Session, recipe: string | undefined, options: TableRunOptions): Promise<void> {
  const { data: file, target, strategy, seed = defaultSeed, trials = usualTrials } = options;
  const { device = 'auto', overwrite = false, resume = false } = options;
  if (recipe !== undefined)
    throw new UsageError('--target: it is of a table, and needs no recipe: leave one of the two out');
  if (file === undefined) throw new UsageError('--target: it is a column of a table: name its file by --data');
  if (strategy !== undefined)
    throw new UsageError('--strategy: the candidates of a table are few and drawn at random: leave it out');
  if (!existsSync(file)) throw new UsageError(`${file}: there is no such file: give a table, such as houses.csv`);
  const output = options.output ?? usualFolder(file, overwrite || resume);
  const pipeline = await tablePipeline({ file, target, seed, trials });
  const espalier = version();
  const request = {
    path: output,
    command: 'run',
    sources: [file],
    bytes: runBytes,
    resumable: true,
    overwrite,
    resume,
  };
  const again = resumeArguments('run', undefined, { output }, { ...options, output });
  const report = await resumable(session, again, () =>
    withWorkers(session, device, (runner) =>
      withOutputFolder(request, async ({ work: folder, complete }) => {
        const fingerprint = JSON.stringify({ pipeline, device: runner.device.kind, espalier });
        const run = { host: session, runner, folder, resume, fingerprint, versions: { espalier } };
        const made = (await runInFolder(pipeline, run))['report'] as TableReport;
        await complete();
        await rm(join(output, stateFile), { force: true });
        return made;
      }),
    ),
  );
  session.result({ folder: output, ...report }, () => {
    const { test } = report.images;
    const table = judgedTable(report.judged, session.stdout);
    return `${table}\n\njudged by ${test} rows that nothing was learnt from or chosen by\nmodels: ${join(output, 'model')}, ${join(output, 'small')}\npredict: espalier predict ${join(output, 'small')} --data FILE`;
  });
}
