/** What the trials of a study do: train candidates of a recipe, or run a module of the user's. */
import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { candidateOf, dataOf, lessonOf, searchSpace, type Recipe } from '@espalier/pipeline';
import type { ConfigObject, JsonObject, JsonValue, ObjectiveFunction } from '@espalier/search';
import { readText } from '../cli/read-text.ts';
import type { Session } from '../cli/session.ts';
import { withWorkers } from '../cli/with-workers.ts';
import { UsageError } from '../errors.ts';
import { quickstartRecipe, readRecipe } from '../recipe/recipe.ts';
import { readStoredRecipe } from '../recipe/stored-recipe.ts';
import { loadStudyModule, type StudyModule } from './load-module.ts';
import { checkTrust, type Trust } from './trust.ts';

type Objective = ObjectiveFunction<ConfigObject, string>;

/** What the trials of a study do. */
export interface Task extends Omit<StudyModule, 'objective'> {
  /** As the study stores it, so that a worker elsewhere can do the same. */
  readonly source: JsonObject;
  /** Lends the objective out. */
  withObjective<Result>(session: Session, use: (objective: Objective) => Promise<Result>): Promise<Result>;
}

/**
 * The task of a module.
 * @throws {UsageError} when it does not export one.
 */
async function moduleTask(file: string): Promise<Task> {
  const { objective, ...rest } = await loadStudyModule(file);
  const source = { kind: 'module', path: resolve(file) };
  return { ...rest, source, withObjective: (_session, use) => use(objective as Objective) };
}

/** The file of the module that a task comes of; undefined for that of a recipe. */
export function fileOf({ source }: Task): string | undefined {
  const { kind, path } = source;
  return kind === 'module' && typeof path === 'string' ? path : undefined;
}

/** The task of a recipe: to train a candidate on a part of the training images, and judge it by another. */
function recipeTask(recipe: Recipe): Task {
  const { search, seed } = recipe;
  const data = dataOf(recipe.data);
  return {
    space: searchSpace(search.space),
    objectives: ['maximize accuracy'],
    source: { kind: 'recipe', recipe: recipe as unknown as JsonValue },
    withObjective: (session, use) =>
      withWorkers(session, recipe.device, (runner) =>
        use(async (trial) => {
          const { images, epochs, folds } = search;
          const input = {
            ...lessonOf({ data }),
            candidate: candidateOf(trial.config),
            seed: trial.seed,
            splitSeed: seed,
            // A budget counts epochs.
            epochs: trial.budget ?? epochs,
          };
          const scores =
            folds === undefined
              ? [await runner.run('trial', { ...input, images, validation: data.validation })]
              : await runner.run('crossValidate', { ...input, folds });
          const accuracy = scores.reduce((sum, each) => sum + each, 0) / scores.length;
          trial.report(trial.budget ?? epochs, { accuracy });
          return accuracy;
        }),
      ),
  };
}

/**
 * The task that a file describes: a recipe in YAML, or a module; without a file, that of the built-in recipe.
 * @throws {UsageError} when it describes none.
 */
export async function taskOf(file: string | undefined): Promise<Task> {
  if (file === undefined) return recipeTask(quickstartRecipe());
  if (/\.[cm]?[jt]s$/u.test(file)) return moduleTask(file);
  return recipeTask(readRecipe(file, await readText(file)));
}

/** How to say what a study's trials do when it does not. */
function elsewhere(name: string): string {
  return `name its module or recipe: espalier study resume ${name} FILE, or espalier worker --study ${name} --source FILE`;
}

/**
 * The task that a study stores.
 * @throws {UsageError} when it stores none, as when it was made by a program of the user's, which has to run it; or
 * when it names a module that the user does not trust.
 */
export async function storedTask(name: string, source: JsonValue | undefined, trust: Trust): Promise<Task> {
  const { kind, path, recipe } = (source ?? {}) as Readonly<Record<string, JsonValue | undefined>>;
  if (kind === 'module' && typeof path === 'string' && isAbsolute(path)) {
    if (!existsSync(path)) {
      throw new UsageError(`study '${name}' was created with ${path}, which is not here: ${elsewhere(name)}`);
    }
    await checkTrust(
      path,
      trust,
      `espalier study resume ${name} FILE, or espalier worker --study ${name} --source FILE`,
    );
    return moduleTask(path);
  }
  if (kind === 'recipe') return recipeTask(readStoredRecipe(`the recipe of study '${name}'`, recipe));
  throw new UsageError(`study '${name}' does not say what its trials do: ${elsewhere(name)}`);
}
