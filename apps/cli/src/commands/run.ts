import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { withExamples } from '../cli/options.ts';
import { resumable } from '../cli/resumable.ts';
import { openSession } from '../cli/session.ts';
import type { Environment } from '../cli/session.ts';
import { withOutputFolder } from '../output/output-folder.ts';
import { runPipeline } from '../pipeline/run-pipeline.ts';
import { stateFile } from '../pipeline/run-state.ts';
import { quickstart } from '../recipe/quickstart.ts';
import { reportTable } from '../report/report-table.ts';
import { withRunner } from '../workers/runner.ts';
import { loadRecipe, recipeRequest, resumeArguments, withRecipeOptions } from './recipe-options.ts';
import type { RecipeOptions } from './recipe-options.ts';

interface RunOptions extends RecipeOptions {
  readonly printRecipe?: boolean;
}

/** Adds `espalier run`. */
export function addRunCommand(program: Command, environment: Environment): void {
  const command = program
    .command('run')
    .description('search, train, prune, quantize and distil by a recipe, and report')
    .option('--print-recipe', 'print the built-in recipe and do nothing else');
  withExamples(withRecipeOptions(command), [
    ['espalier run', 'the built-in recipe: MNIST, into runs/quickstart'],
    ['espalier run --print-recipe > mine.yaml', 'a recipe of your own to start from'],
    ['espalier run mine.yaml --strategy greedy --trials 30 --seed 1', 'your recipe, with another search'],
    ['espalier run mine.yaml --resume', 'go on after Ctrl-C'],
  ]).action(async (file: string | undefined, { printRecipe = false, ...options }: RunOptions) => {
    const session = openSession(environment, options);
    if (printRecipe) {
      session.stdout.write(quickstart);
      return;
    }
    const recipe = await loadRecipe(file, options);
    const { resume = false } = options;
    const request = recipeRequest('run', file, recipe, options);
    const report = await resumable(session, resumeArguments('run', file, recipe, options), () =>
      withRunner(session, recipe.device, (runner) =>
        withOutputFolder(request, async ({ work: folder, complete }) => {
          const made = await runPipeline({ session, runner, recipe, folder, resume });
          await complete();
          await rm(join(recipe.output, stateFile), { force: true });
          return made;
        }),
      ),
    );
    session.result(report, () => {
      const page = join(recipe.output, 'report.html');
      return `${reportTable(report.rows, session.stdout)}\n\nreport: ${page}`;
    });
  });
}
