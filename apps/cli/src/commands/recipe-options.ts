import { Option } from 'commander';
import type { Command } from 'commander';
import { wholeNumberFrom, withComputeOptions } from '../cli/options.ts';
import type { ComputeOptions } from '../cli/options.ts';
import { readText } from '../cli/read-text.ts';
import { quickstartRecipe, readRecipe } from '../recipe/recipe.ts';
import { recipeStrategies } from '../recipe/schema.ts';
import type { Recipe } from '../recipe/schema.ts';
import { checkImages } from './model-options.ts';

/** Options of the commands that follow a recipe; each takes the place of what the recipe says. */
export interface RecipeOptions extends ComputeOptions {
  readonly strategy?: Recipe['search']['strategy'];
  readonly trials?: number;
  readonly data?: string;
  readonly output?: string;
  readonly resume?: boolean;
}

/** Adds the options of the commands that follow a recipe. */
export function withRecipeOptions(command: Command): Command {
  const strategy = new Option('--strategy <name>', 'how to search').choices(recipeStrategies);
  command
    .argument('[recipe]', 'a YAML file (default: the built-in recipe)')
    .addOption(strategy)
    .option('--trials <n>', 'how many candidates to try', wholeNumberFrom(1))
    .option('--data <source>', "'mnist', or a folder with the four IDX files")
    .option('-o, --output <folder>', 'where to write')
    .option('--resume', 'go on with what the output folder holds');
  return withComputeOptions(command);
}

/**
 * The recipe of a file, or the built-in one, with the options in place.
 * @throws UsageError with line and column of what is wrong.
 */
export async function loadRecipe(file: string | undefined, options: RecipeOptions): Promise<Recipe> {
  const recipe = file === undefined ? quickstartRecipe() : readRecipe(file, await readText(file));
  const { strategy, trials, data, output, seed, device } = options;
  checkImages(data ?? recipe.data.source);
  return {
    ...recipe,
    ...(output === undefined ? {} : { output }),
    ...(seed === undefined ? {} : { seed }),
    ...(device === undefined ? {} : { device }),
    data: { ...recipe.data, ...(data === undefined ? {} : { source: data }) },
    search: {
      ...recipe.search,
      ...(strategy === undefined ? {} : { strategy }),
      ...(trials === undefined ? {} : { trials }),
    },
  };
}

/** The arguments that repeat a command with its options, to go on after an interruption. */
export function resumeArguments(command: string, file: string | undefined, options: RecipeOptions): readonly string[] {
  const given = Object.entries(options).filter(([name]) => name !== 'resume');
  const flags = given.flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, String(value)]));
  return [command, ...(file === undefined ? [] : [file]), ...flags, '--resume'];
}
