/** `espalier run`: a recipe from data to report. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@espalier/nn/node';
import { quickstartPipeline, isWholeSource, type Recipe, type Runner, type RunReport } from '@espalier/pipeline';
import { runInFolder, stateFile } from '@espalier/pipeline/node';
import type { Command } from 'commander';
import { byteSize, wholeNumberFrom, withExamples } from '../cli/options.ts';
import { resumable } from '../cli/resumable.ts';
import { openSession, type Environment, type Session } from '../cli/session.ts';
import { version } from '../cli/version.ts';
import { withWorkers } from '../cli/with-workers.ts';
import { UsageError } from '../errors.ts';
import { withOutputFolder } from '../output/output-folder.ts';
import { quickstart } from '../recipe/quickstart.ts';
import { reportPage } from '../report/html/page.ts';
import { reportTable } from '../report/report-table.ts';
import { classWeightsOption } from './class-weights.ts';
import { kindOf } from './kinds.ts';
import { loadRecipe, recipeRequest, resumeArguments, withRecipeOptions, type RecipeOptions } from './recipe-options.ts';
import { withTableOptions, type TableOptions } from './table-options.ts';

interface RunOptions extends RecipeOptions, TableOptions {
  readonly printRecipe?: boolean;
  readonly size?: number;
  readonly memory?: number;
  readonly context?: number;
  readonly tokenizer?: string;
}

/** Options that are of some kinds of data. */
const ofKinds: Readonly<Record<string, readonly string[]>> = {
  memory: ['table', 'tokens', 'text'],
  context: ['tokens', 'text'],
  tokenizer: ['text'],
  folds: ['table', 'pictures'],
};

/** Words in a sentence: `table, tokens and text`. */
function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

/** The name of the page that shows the report. */
const pageFile = 'report.html';

/** Follows a recipe in a folder, and writes its report beside the models: as data, and as a page made from it. */
async function follow(
  session: Session,
  runner: Runner,
  recipe: Recipe,
  folder: string,
  resume: boolean,
): Promise<RunReport> {
  const { output: _, ...followed } = recipe;
  const espalier = version();
  const fingerprint = JSON.stringify({ ...followed, device: runner.device.kind, espalier });
  const pipeline = quickstartPipeline(recipe);
  const run = { host: session, runner, folder, resume, fingerprint, versions: { espalier } };
  const report = (await runInFolder(pipeline, run))['report'] as RunReport;
  await writeFileAtomic(join(folder, pageFile), reportPage(report));
  return report;
}

/** Adds `espalier run`. */
export function addRunCommand(program: Command, environment: Environment): void {
  const command = program
    .command('run')
    .description('search, train, prune, quantize and distil by a recipe, and report')
    .option('--print-recipe', 'print the built-in recipe and do nothing else')
    .option(
      '--size <n>',
      'pixels of a side that pictures are made to have (default: by the pictures)',
      wholeNumberFrom(1),
    )
    .option(
      '--memory <size>',
      'what the run of a table may take, such as 1GiB (default: a quarter of the machine); a larger table is streamed',
      byteSize,
    )
    .option(
      '--context <n>',
      'tokens of a file such as corpus.u16, or of texts with a tokenizer, that a model sees at once',
      wholeNumberFrom(2),
    )
    .option(
      '--tokenizer <model>',
      'read texts as the tokens of a model or a tokenizer.json, a part at a time: they may be larger than memory',
    )
    .addOption(classWeightsOption())
    .option(
      '--folds <n>',
      'judge candidates by their mean over so many folds of a table or pictures (default: by one part)',
      wholeNumberFrom(2),
    );
  withTableOptions(command, 'learn this column of the table that --data names, without a recipe');
  withExamples(withRecipeOptions(command), [
    ['espalier run', 'the built-in recipe: MNIST, into runs/quickstart'],
    ['espalier run --data houses.csv --target price', 'a table: a small model of one of its columns'],
    [
      'espalier run --data books --tokenizer model.gguf --context 128',
      'texts of any size: a small model of the tokens of another one',
    ],
    ['espalier run --data flowers', 'a folder of pictures by class: a small model that tells them apart'],
    ['espalier run --print-recipe > mine.yaml', 'a recipe of your own to start from'],
    ['espalier run mine.yaml --strategy greedy --trials 30 --seed 1', 'your recipe, with another search'],
    ['espalier run mine.yaml --resume', 'go on after Ctrl-C'],
  ]).action(async (file: string | undefined, { printRecipe = false, target, size, ...options }: RunOptions) => {
    const session = openSession(environment, options);
    if (printRecipe) {
      session.stdout.write(quickstart);
      return;
    }
    if (target !== undefined && file !== undefined)
      throw new UsageError('--target: it is of a table, and needs no recipe: leave one of the two out');
    const { data } = options;
    if (target !== undefined && data === undefined)
      throw new UsageError('--target: it is a column of a table: name its file by --data');
    if (data !== undefined && file === undefined && !isWholeSource(data)) {
      const told = { ...options, ...(target !== undefined && { target }), ...(size !== undefined && { size }) };
      const kind = kindOf(data, told);
      for (const [name, kinds] of Object.entries(ofKinds))
        if (Reflect.get(options, name) !== undefined && !kinds.includes(kind.name))
          throw new UsageError(`--${name}: it is of ${listed(kinds)}, and ${data} is ${kind.name}: leave it out`);
      return kind.run(session, data, told);
    }
    if (size !== undefined)
      throw new UsageError('--size: it is of pictures: name their folder by --data, without a recipe');
    for (const name of ['column', 'group', 'time'] as const)
      if (options[name] !== undefined) throw new UsageError(`--${name}: it is of a table: name its file by --data`);
    for (const [name, kinds] of Object.entries(ofKinds))
      if (Reflect.get(options, name) !== undefined)
        throw new UsageError(`--${name}: it is of ${listed(kinds)}: name its file by --data, without a recipe`);
    if (options.classWeights !== undefined)
      throw new UsageError(
        '--class-weights: it is of --data without a recipe; a recipe says it itself: data: { classWeights: balanced }',
      );
    const recipe = await loadRecipe(file, options);
    const { resume = false } = options;
    const request = recipeRequest('run', file, recipe, options);
    const report = await resumable(session, resumeArguments('run', file, recipe, options), () =>
      withWorkers(session, recipe.device, (runner) =>
        withOutputFolder({ ...request, profiling: session.profiling }, async ({ work: folder, complete }) => {
          const made = await follow(session, runner, recipe, folder, resume);
          await complete();
          await rm(join(recipe.output, stateFile), { force: true });
          return made;
        }),
      ),
    );
    session.result(report, () => {
      const page = join(recipe.output, pageFile);
      return `${reportTable(report.rows, session.stdout)}\n\nreport: ${page}`;
    });
  });
}
