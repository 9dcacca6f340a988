/** Options of the commands that follow a recipe, and how they take the place of what it says. */
import { checkSource, dataOf, filesOfSource, recipeStrategies, type Recipe } from '@espalier/pipeline';
import { Option, type Command } from 'commander';
import { wholeNumberFrom, withComputeOptions, type ComputeOptions } from '../cli/options.ts';
import { readText } from '../cli/read-text.ts';
import type { FolderRequest } from '../output/output-folder.ts';
import { chosenFolder } from '../output/free-folder.ts';
import { quickstartRecipe, readRecipe } from '../recipe/recipe.ts';
import { overwriteOption, resumeOption } from './model-options.ts';

/** Options of the commands that follow a recipe; each takes the place of what the recipe says. */
export interface RecipeOptions extends ComputeOptions {
  readonly strategy?: Recipe['search']['strategy'];
  readonly trials?: number;
  readonly data?: string;
  readonly output?: string;
  readonly overwrite?: boolean;
  readonly resume?: boolean;
  /** As text, of runs without a recipe. */
  readonly classWeights?: string;
  /** Of runs without a recipe. */
  readonly folds?: number;
}

/** Adds the options of the commands that follow a recipe. */
export function withRecipeOptions(command: Command): Command {
  const strategy = new Option('--strategy <name>', 'how to search').choices(recipeStrategies);
  command
    .argument('[recipe]', 'a YAML file (default: the built-in recipe)')
    .addOption(strategy)
    .option('--trials <n>', 'how many candidates to try', wholeNumberFrom(1))
    .option(
      '--data <source>',
      "'mnist', or a folder with the four IDX files; of run without a recipe a table, pictures, a text",
    )
    .option('-o, --output <folder>', 'where to write: a folder that is new or empty')
    .addOption(overwriteOption())
    .addOption(resumeOption());
  return withComputeOptions(command);
}

/**
 * The recipe of a file, or the built-in one, with the options in place.
 * @throws {UsageError} with line and column of what is wrong.
 */
export async function loadRecipe(file: string | undefined, options: RecipeOptions): Promise<Recipe> {
  const recipe = file === undefined ? quickstartRecipe() : readRecipe(file, await readText(file));
  const { strategy, trials, data, seed, device, overwrite = false, resume = false } = options;
  checkSource(data ?? dataOf(recipe.data).source);
  const output = options.output ?? recipe.output;
  return {
    ...recipe,
    // Where nobody says where to write, a second run does not meet the first.
    output: output === quickstartRecipe().output ? chosenFolder(output, overwrite || resume) : output,
    ...(seed === undefined ? {} : { seed }),
    ...(device === undefined ? {} : { device }),
    data: data === undefined ? recipe.data : { ...recipe.data, source: data, options: undefined },
    search: {
      ...recipe.search,
      ...(strategy === undefined ? {} : { strategy }),
      ...(trials === undefined ? {} : { trials }),
    },
  };
}

/** What a run is sure to write, in bytes: its models, reports and journal are small beside the images that it reads. */
const runBytes = 4 << 20;

/** The folder that a recipe is to be followed in. */
export function recipeRequest(
  command: string,
  file: string | undefined,
  { output: path, data }: Recipe,
  { overwrite = false, resume = false }: RecipeOptions,
): FolderRequest {
  const sources = [...filesOfSource(dataOf(data).source), ...(file === undefined ? [] : [file])];
  return { path, command, sources, bytes: runBytes, resumable: true, overwrite, resume };
}

/** The arguments that repeat a command with its options, to go on after an interruption. */
export function resumeArguments(
  command: string,
  file: string | undefined,
  { output }: Pick<Recipe, 'output'>,
  options: Pick<RecipeOptions, 'output'>,
): readonly string[] {
  // A folder that nobody named is named, since by then another may be the last.
  const chosen = options.output === undefined && output.startsWith(quickstartRecipe().output) ? { output } : {};
  const given = Object.entries<unknown>({ ...chosen, ...options }).filter(
    ([name]) => name !== 'resume' && name !== 'overwrite',
  );
  const flags = given.flatMap(([name, value]) => {
    const flag = `--${name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === true ? [flag] : [value].flat().flatMap((each) => [flag, String(each)]);
  });
  return [command, ...(file === undefined ? [] : [file]), ...flags, '--resume'];
}
