import { join } from 'node:path';
import { writeFileAtomic } from '@espalier/nn/node';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { withExamples } from '../cli/options.ts';
import { resumable } from '../cli/resumable.ts';
import { openSession } from '../cli/session.ts';
import type { Environment } from '../cli/session.ts';
import { forgetSearch, runSearch, searchJournal } from '../pipeline/run-search.ts';
import { formatPercent } from '../terminal/format.ts';
import { withRunner } from '../workers/runner.ts';
import { loadRecipe, resumeArguments, withRecipeOptions } from './recipe-options.ts';
import type { RecipeOptions } from './recipe-options.ts';

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
    const journal = join(recipe.output, searchJournal);
    const outcome = await resumable(session, resumeArguments('search', file, options), () =>
      withRunner(session, recipe.device, async (runner) => {
        if (options.resume !== true) await forgetSearch(journal);
        return runSearch(session, runner, recipe, journal);
      }),
    );
    const winner = join(recipe.output, 'winner.yaml');
    const { accuracy, best } = outcome;
    const origin = `# Trial ${best} of the search '${recipe.name}': ${formatPercent(accuracy)} of the held-out images.\n`;
    await writeFileAtomic(winner, origin + stringify(outcome.winner));
    session.result(
      { ...outcome, file: winner },
      () => `${origin.slice(2)}${stringify(outcome.winner)}\nwritten to ${winner}`,
    );
  });
}
