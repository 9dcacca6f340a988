import { pathToFileURL } from 'node:url';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Space } from '@espalier/search';
import type { ConfigObject, EarlyStopping, JsonObject, JsonValue, ObjectiveFunction, Strategy } from '@espalier/search';
import { readText } from '../cli/read-text.ts';
import type { Session } from '../cli/session.ts';
import { UsageError, firstLine } from '../errors.ts';
import { candidateOf } from '../recipe/candidate.ts';
import { quickstartRecipe, readRecipe } from '../recipe/recipe.ts';
import type { Recipe } from '../recipe/schema.ts';
import { searchSpace } from '../recipe/search-space.ts';
import { withRunner } from '../workers/runner.ts';

/** What a module for `espalier study` exports as its default. */
export interface StudyModule {
  readonly space: Space;
  /** Such as `maximize accuracy`. */
  readonly objectives: readonly string[];
  /** Such as `latency <= 2ms`. */
  readonly constraints?: readonly string[];
  /** Default: `auto`, or what the command line says. */
  readonly strategy?: Strategy;
  readonly earlyStopping?: EarlyStopping;
  readonly objective: ObjectiveFunction<never, string>;
}

type Objective = ObjectiveFunction<ConfigObject, string>;

/** What the trials of a study do. */
export interface Task extends Omit<StudyModule, 'objective'> {
  /** As the study stores it, so that a worker elsewhere can do the same. */
  readonly source: JsonObject;
  /** Lends the objective out. */
  withObjective<Result>(session: Session, use: (objective: Objective) => Promise<Result>): Promise<Result>;
}

function isModule(value: unknown): value is StudyModule {
  if (typeof value !== 'object' || value === null) return false;
  const { space, objectives, objective } = value as Partial<StudyModule>;
  return space instanceof Space && Array.isArray(objectives) && typeof objective === 'function';
}

/** The task of a JavaScript module. @throws UsageError when it does not export one. */
async function moduleTask(file: string): Promise<Task> {
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`${file}: there is no such file: check the path`);
  let found: { readonly default?: unknown };
  try {
    found = (await import(pathToFileURL(path).href)) as typeof found;
  } catch (error) {
    throw new UsageError(`${file} cannot be loaded: ${firstLine(String(error))}`);
  }
  const { default: definition } = found;
  if (!isModule(definition)) {
    throw new UsageError(`${file} has no study: export default { space, objectives: ['maximize …'], objective }`);
  }
  const { objective, ...rest } = definition;
  return { ...rest, source: { kind: 'module', path }, withObjective: (_session, use) => use(objective as Objective) };
}

/** The task of a recipe: to train a candidate on a part of the training images, and judge it by another. */
function recipeTask(recipe: Recipe): Task {
  const { search, data, seed } = recipe;
  return {
    space: searchSpace(search.space),
    objectives: ['maximize accuracy'],
    source: { kind: 'recipe', recipe: recipe as unknown as JsonValue },
    withObjective: (session, use) =>
      withRunner(session, recipe.device, (runner) =>
        use(async (trial) => {
          const { images, epochs } = search;
          const { source, validation } = data;
          const accuracy = await runner.run('trial', {
            source,
            candidate: candidateOf(trial.config),
            seed: trial.seed,
            splitSeed: seed,
            images,
            // A budget counts epochs.
            epochs: trial.budget ?? epochs,
            validation,
          });
          trial.report(trial.budget ?? epochs, { accuracy });
          return accuracy;
        }),
      ),
  };
}

/**
 * The task that a file describes: a recipe in YAML, or a module; without a file, that of the built-in recipe.
 * @throws UsageError when it describes none.
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
 * @throws UsageError when it stores none: then it was made by a program of the user's, which has to run it.
 */
export async function storedTask(name: string, source: JsonValue | undefined): Promise<Task> {
  const { kind, path, recipe } = (source ?? {}) as Readonly<Record<string, JsonValue | undefined>>;
  if (kind === 'module' && typeof path === 'string') {
    if (existsSync(path)) return moduleTask(path);
    throw new UsageError(`study '${name}' was created with ${path}, which is not here: ${elsewhere(name)}`);
  }
  if (kind === 'recipe') return recipeTask(recipe as unknown as Recipe);
  throw new UsageError(`study '${name}' does not say what its trials do: ${elsewhere(name)}`);
}
