/** `espalier search`: the search of a recipe alone, its winner as a file to train from. */
import { join } from 'node:path';
import { writeFileAtomic } from '@espalier/nn/node';
import { dataOf, journalFile, runSearch, type Recipe, type SearchOutcome } from '@espalier/pipeline';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { withExamples } from '../cli/options.ts';
import { resumable } from '../cli/resumable.ts';
import { openSession, type Environment } from '../cli/session.ts';
import { withWorkers } from '../cli/with-workers.ts';
import { withOutputFolder } from '../output/output-folder.ts';
import { formatPercent } from '../terminal/format.ts';
import { loadRecipe, recipeRequest, resumeArguments, withRecipeOptions, type RecipeOptions } from './recipe-options.ts';

/** The name of the file for `espalier train`. */
const winnerFile = 'winner.yaml';

function winnerText({ name }: Recipe, { accuracy, best, winner }: SearchOutcome): string {
  const origin = `# Trial ${best} of the search '${name}': ${formatPercent(accuracy)} of the held-out images.\n`;
  return origin + stringify(winner);
}

/** Adds `espalier search`. */
export function addSearchCommand(program: Command, environment: Environment): void {
  const command = program.command('search').description('search for an architecture and how to train it');
  withExamples(withRecipeOptions(command), [
    ['espalier search --trials 30 -o runs/search', 'search the built-in space; writes winner.yaml'],
    ['espalier search mine.yaml --strategy random', 'your space, at random'],
    ['espalier search mine.yaml --resume', 'go on after Ctrl-C, or with more --trials'],
    ['espalier train runs/search/winner.yaml -o runs/model', 'train what was found'],
  ]).action(async (file: string | undefined, options: RecipeOptions) => {
    const session = openSession(environment, options);
    const recipe = await loadRecipe(file, options);
    const request = { ...recipeRequest('search', file, recipe, options), continues: [journalFile] };
    const outcome = await resumable(session, resumeArguments('search', file, recipe, options), () =>
      withWorkers(session, recipe.device, (runner) =>
        withOutputFolder({ ...request, profiling: session.profiling }, async ({ work, complete }) => {
          const { name, seed, data, search } = recipe;
          const storage = `journal:${join(work, journalFile)}`;
          const found = await runSearch(session, runner, { name, seed, data: dataOf(data), recipe: search, storage });
          await writeFileAtomic(join(work, winnerFile), winnerText(recipe, found));
          await complete();
          return found;
        }),
      ),
    );
    const winner = join(recipe.output, winnerFile);
    session.result({ ...outcome, file: winner }, () => `${winnerText(recipe, outcome).slice(2)}\nwritten to ${winner}`);
  });
}
