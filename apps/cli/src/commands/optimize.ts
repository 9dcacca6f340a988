/** `espalier optimize`: the smallest or fastest model that keeps goals. */
import { join } from 'node:path';
import { writeFileAtomic } from '@espalier/nn/node';
import { folderBytes } from '@espalier/optimize/node';
import {
  minimizedCosts,
  parseGoal,
  parseRecipe,
  presetNames,
  presets,
  recipeJson,
  type MinimizedCost,
  type PresetName,
  type StepJson,
} from '@espalier/optimize';
import { checkSource, filesOfSource, type Judgement, type OutputOf } from '@espalier/pipeline';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { defaultSeed, wholeNumberFrom, withExamples } from '../cli/options.ts';
import { readText } from '../cli/read-text.ts';
import { resumable } from '../cli/resumable.ts';
import { openSession, type Environment, type Session } from '../cli/session.ts';
import { withWorkers } from '../cli/with-workers.ts';
import { exitCodes, UsageError } from '../errors.ts';
import { lessonFor, withOwnDataOptions, type OwnDataOptions } from '../files/own-data.ts';
import type { FileModelOptions } from '../files/described-model.ts';
import { formatOf } from '../files/model-file.ts';
import { withModelFolder } from '../files/model-folder.ts';
import { writeFolderAs, type Origin } from '../files/write-made.ts';
import type { TensorFile } from '../files/write-model.ts';
import { checkOutputFile } from '../output/output-file.ts';
import { withOutputFolder } from '../output/output-folder.ts';
import { withTemporaryFolder } from '../output/temporary-folder.ts';
import { readYaml } from '../recipe/located-yaml.ts';
import { optimizationPage } from '../report/html/optimization-page.ts';
import { optimizationText } from '../report/optimization-text.ts';
import { judgedTable } from '../report/table-judged.ts';
import { modelArgument, withFileOptions } from './file-options.ts';
import { resumeOption, withModelOptions, type ModelOptions } from './model-options.ts';

interface OptimizeOptions extends ModelOptions, FileModelOptions, OwnDataOptions {
  readonly goal: readonly string[];
  readonly minimize?: MinimizedCost;
  readonly recipe?: string;
  readonly exact?: boolean;
  readonly trials?: number;
  readonly time?: number;
  readonly epochs?: number;
  readonly holdOut?: number;
  readonly resume?: boolean;
}

/** The name of the page that shows the report. */
const pageFile = 'report.html';

const minutesOf: Readonly<Record<string, number>> = { s: 1 / 60, m: 1, min: 1, h: 60 };

/** A time such as `90s`, `10m` or `2h`, in minutes. */
function minutes(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)(s|m|min|h)$/u.exec(text) ?? [];
  const value = Number(digits) * (minutesOf[unit] ?? NaN);
  if (value > 0 && value < Infinity) return value;
  throw new InvalidArgumentError('Give a time such as 90s, 10m or 2h.');
}

/** A goal that can be read, after those before it. */
function another(text: string, before: readonly string[] = []): readonly string[] {
  parseGoal(text);
  return [...before, text];
}

/** The recipe of a preset, or of a file, in YAML or JSON. */
async function recipeIn(file: string): Promise<readonly StepJson[]> {
  if (isPreset(file)) return presets[file].steps;
  const { value } = readYaml(file, await readText(file));
  return recipeJson(parseRecipe(value));
}

const isPreset = (name: string): name is PresetName => presetNames.includes(name as PresetName);

/** Bytes that a search needs beside the model: what it has found so far, until it ends. */
const timesModel = 64;

/** How good both models are in the unit of their data, where they say how it was prepared. */
function judgedText(judged: readonly Judgement[] | undefined, { stdout }: Session): string {
  return judged ? `\n\n${judgedTable(judged, stdout)}` : '';
}

/** What a search found. */
type Found = OutputOf<'reachGoals'> & { readonly judged?: readonly Judgement[] };

/** Searches in a folder for the time, and writes the model that was found as a file. */
async function searchForFile(
  search: (folder: string) => Promise<Found>,
  file: TensorFile,
  origin: Origin,
): Promise<{ readonly report: Found; readonly notes: readonly string[] }> {
  await checkOutputFile(file);
  return withTemporaryFolder(async (place) => {
    const folder = join(place, 'model');
    const report = await search(folder);
    return { report, notes: await writeFolderAs(file, folder, origin) };
  });
}

/** Adds `espalier optimize`. */
export function addOptimizeCommand(program: Command, environment: Environment): void {
  const command = program
    .command('optimize')
    .description('look for the smallest or fastest model that keeps goals, by all that is known to help')
    .argument('<model>', modelArgument)
    .addOption(
      new Option(
        '--goal <goal>',
        "what has to be kept, such as 'accuracy>=base-0.2pp' or 'bytes<=100kB'; may be repeated",
      )
        .argParser(another)
        .makeOptionMandatory(),
    )
    .addOption(new Option('--minimize <cost>', 'what is to become small (default: bytes)').choices(minimizedCosts))
    .option(
      '--recipe <file>',
      `turn the knobs of this recipe, in YAML or JSON, or of a preset (${presetNames.join(', ')}), instead of whatever is known to help`,
    )
    .option('--exact', 'carry the recipe out as it is, without turning its knobs')
    .option('--trials <n>', 'how many recipes to try at most', wholeNumberFrom(1))
    .option('--time <time>', 'how long to try, such as 10m', minutes)
    .option('--epochs <n>', 'how often a recipe goes through the images', wholeNumberFrom(1))
    .option('--hold-out <n>', 'how many training images decisions are made by (default: a sixth)', wholeNumberFrom(1))
    .addOption(resumeOption());
  withExamples(withModelOptions(withOwnDataOptions(withFileOptions(command))), [
    ["espalier optimize runs/model --goal 'accuracy>=base-0.2pp' -o runs/small", 'the fewest bytes at that accuracy'],
    ["espalier optimize runs/model --goal 'accuracy>=97%' --minimize latency --time 10m -o runs/fast", 'the fastest'],
    ["espalier optimize runs/model --goal 'accuracy>=base-0.2pp' -o runs/small --resume", 'go on after Ctrl-C'],
    ["espalier optimize model.onnx --data digits.npz --goal 'accuracy>=base-0.2pp' -o runs/small", 'a model in a file'],
  ]).action(async (model: string, options: OptimizeOptions) => {
    const session = openSession(environment, options);
    const { output, data, seed = defaultSeed, device = 'auto', goal: goals, minimize, recipe } = options;
    const { exact = false, trials, time, epochs, holdOut, resume = false, overwrite = false } = options;
    if (exact && recipe === undefined) throw new UsageError('--exact is of a recipe: name it by --recipe');
    const steps = recipe === undefined ? undefined : await recipeIn(recipe);
    const given = Object.entries({ ...options, seed, device }).flatMap(([name, value]) => {
      if (name === 'resume' || name === 'overwrite' || value === undefined || value === false) return [];
      const flag = `--${name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;
      if (value === true) return [flag];
      if (name === 'time') return [flag, `${String(value)}m`];
      if (['input', 'mean', 'std', 'classes'].includes(name)) return [flag, (value as readonly number[]).join(',')];
      return (Array.isArray(value) ? value : [value]).flatMap((each) => [flag, String(each)]);
    });
    const format = formatOf(output);
    if (format !== undefined && resume)
      throw new UsageError(`--resume: ${output} is a file, and a search goes on in a folder: name it by -o`);
    const recipes = recipe === undefined || isPreset(recipe) ? [] : [recipe];
    const search = (folder: string): Promise<Found> =>
      withModelFolder(model, options, async (from) => {
        const { source, task, isPrepared } = await lessonFor(from, model, options);
        checkSource(source);
        const request = {
          path: folder,
          command: 'optimize',
          overwrite,
          resume,
          resumable: true,
          sources: [model, ...filesOfSource(source), ...recipes],
          bytes: timesModel * (await folderBytes(from)),
        };
        const searching = (): Promise<Found> =>
          withWorkers(
            session,
            device,
            (runner) =>
              withOutputFolder({ ...request, profiling: session.profiling }, async ({ work, complete }) => {
                const bar = session.progress.start('optimize', 1);
                const input = {
                  source,
                  ...(task !== undefined && { task }),
                  from,
                  folder: work,
                  goals,
                  seed,
                  ...(minimize !== undefined && { minimize }),
                  ...(steps && { steps, turn: !exact }),
                  ...(trials !== undefined && { trials }),
                  ...(time !== undefined && { minutes: time }),
                  ...(epochs !== undefined && { epochs }),
                  ...(holdOut !== undefined && { heldOut: holdOut }),
                };
                const made = await runner.run('reachGoals', input, (done, total, note) =>
                  bar.update(done / total, note),
                );
                bar.finish();
                await writeFileAtomic(join(work, pageFile), optimizationPage(made));
                await complete();
                const judged = isPrepared ? await runner.run('judge', { source, folders: [from, folder] }) : undefined;
                return { ...made, ...(judged && { judged }) };
              }),
            [from],
            source,
          );
        return format === undefined
          ? resumable(session, ['optimize', model, ...given, '--resume'], searching)
          : searching();
      });
    const { report, notes } =
      format === undefined
        ? { report: await search(output), notes: [] }
        : await searchForFile(search, { path: output, format, overwrite, sources: [model, data, ...recipes] }, { ...options, path: model }); // prettier-ignore
    const told = notes.map((note) => `\n${note}`).join('');
    session.result(
      { folder: output, ...report, ...(notes.length > 0 && { notes }) },
      () =>
        `${optimizationText(report, session.stdout)}${judgedText(report.judged, session)}\n${told}\nwritten to ${output}`,
    );
    if (report.claim !== 'holds') session.endWith(exitCodes.goalsMissed);
  });
}
