/** `espalier run --data`, whatever the kind of data: a pipeline followed in a folder that is complete or not there. */
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeFileAtomic } from '@espalier/nn/node';
import type { Judgement, Pipeline, Report } from '@espalier/pipeline';
import { runInFolder, stateFile } from '@espalier/pipeline/node';
import { stringify } from 'yaml';
import { resumable } from '../cli/resumable.ts';
import type { Session } from '../cli/session.ts';
import { version } from '../cli/version.ts';
import { withWorkers } from '../cli/with-workers.ts';
import { chosenFolder } from '../output/free-folder.ts';
import { withOutputFolder } from '../output/output-folder.ts';
import { written } from '../recipe/stored-recipe.ts';
import { dataPage } from '../report/html/data-page.ts';
import { foldsText } from '../report/folds.ts';
import { weightsText } from '../report/class-weights.ts';
import { judgedTable } from '../report/table-judged.ts';
import { resumeArguments, type RecipeOptions } from './recipe-options.ts';

/** What a run is sure to write, in bytes. */
const runBytes = 4 << 20;

/** Where, in the folder of a run, lies what is made of large data, so that a run that goes on need not make it again. */
const keptFolder = 'kept';

/** The name of the page that shows the report. */
const pageFile = 'report.html';

/** The recipe that searches and trains in the same way, to be changed and followed by `espalier run`. */
const recipeFile = 'recipe.yaml';

/** A pipeline of classes as a recipe, as far as recipes say it: what data, how it is changed in training, search, training. */
function recipeText({ name, seed, data, stages, rows }: Pipeline): string {
  const { source, ...others } = data;
  const { options } = stages.find(({ stage }) => stage === 'search') ?? {};
  const epochs: unknown = Reflect.get(Object(rows[0]?.options), 'epochs');
  const use = typeof source === 'string' ? { source } : source;
  const recipe = { name, seed, data: { ...use, ...others }, search: options, train: { epochs } };
  return `# What espalier run --data did, to be changed: espalier run recipe.yaml\n${stringify(written(recipe))}`;
}

/** The report of a run on data of one kind. */
export type DataReport = Report & { readonly judged: readonly Judgement[] };

/** A run on data of one kind. */
export interface DataRun {
  /** The file or folder with the data. */
  readonly path: string;
  /** What is done; or what makes it, in a folder for whatever it keeps until the run is over. */
  readonly pipeline: Pipeline | ((kept: string) => Promise<Pipeline>);
  readonly options: RecipeOptions;
  /** What examples are called: `rows`, `pictures`. */
  readonly examples: string;
  /** How the small model is asked: what follows `espalier predict MODEL`. */
  readonly ask: string;
  /** What classes are called, where there are any. */
  readonly classes?: readonly string[];
}

/** The folder of a run: as it is told, or by the name of the data. */
export function outputFolder(path: string, { output, overwrite = false, resume = false }: RecipeOptions): string {
  if (output !== undefined) return output;
  const name = basename(path)
    .replace(/\.[^.]*$/u, '')
    .replaceAll(/[^\w-]+/gu, '-');
  return chosenFolder(join('runs', name === '' ? 'data' : name), overwrite || resume);
}

/**
 * Searches, trains, makes smaller, judges and reports.
 * @throws {UsageError} when nothing may be written there, before anything is begun.
 */
export async function runData(session: Session, { path, pipeline, options, ...words }: DataRun): Promise<void> {
  const { device = 'auto', overwrite = false, resume = false } = options;
  const output = outputFolder(path, options);
  const espalier = version();
  const request = {
    path: output,
    command: 'run',
    sources: [path],
    bytes: runBytes,
    resumable: true,
    overwrite,
    resume,
  };
  const again = resumeArguments('run', undefined, { output }, { ...options, output });
  const report = await resumable(session, again, () =>
    withWorkers(session, device, (runner) =>
      withOutputFolder({ ...request, profiling: session.profiling }, async ({ work: folder, complete }) => {
        const kept = join(folder, keptFolder);
        const own = typeof pipeline === 'function' ? await pipeline(kept) : pipeline;
        const fingerprint = JSON.stringify({ pipeline: own, device: runner.device.kind, espalier });
        const run = { host: session, runner, folder, resume, fingerprint, versions: { espalier } };
        const made = (await runInFolder(own, run))['report'] as DataReport;
        await writeFileAtomic(
          join(folder, pageFile),
          dataPage({ ...made, ...(words.classes && { classes: words.classes }) }, words.examples),
        );
        await rm(kept, { recursive: true, force: true });
        // What is made of large data lies in the folder that goes now, and no recipe could name it.
        if (own === pipeline && own.task === 'classification')
          await writeFileAtomic(join(folder, recipeFile), recipeText(own));
        await complete();
        await rm(join(output, stateFile), { force: true });
        return made;
      }),
    ),
  );
  session.result({ folder: output, ...report }, () => {
    const judged = report.judged[0]?.examples ?? report.examples.test;
    return [
      judgedTable(report.judged, session.stdout),
      '',
      ...foldsText(report),
      ...(report.classWeights
        ? [`class weights in training: ${weightsText(report.classWeights)}; figures count every example alike`]
        : []),
      `judged by ${judged} ${words.examples} that nothing was learnt from or chosen by`,
      `models: ${join(output, 'model')}, ${join(output, 'small')}`,
      `report: ${join(output, pageFile)}`,
      `predict: espalier predict ${join(output, 'small')} ${words.ask}`,
    ].join('\n');
  });
}
