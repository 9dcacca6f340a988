/** Reads recipes: YAML, defaults, and the schema, in this order. */
import type { Recipe } from '@espalier/pipeline';
import { UsageError } from '../errors.ts';
import { readYaml } from './located-yaml.ts';
import { quickstart } from './quickstart.ts';
import { refuse } from './refuse.ts';
import { recipeSchema } from './schema.ts';
import { explain, isSection } from './section.ts';
import { namesKinds } from './space-schema.ts';

/** The parts of a recipe that are replaced whole: options of one optimizer are no default of another, nor are kinds of architectures. */
const wholes = new Set(['optimizer']);

/** Fills in what a recipe leaves out. A range in the defaults gives way to whatever is given. */
function withDefaults(given: unknown, defaults: unknown, name = ''): unknown {
  if (given === undefined) return defaults;
  const isWhole = wholes.has(name) || (name === 'architecture' && namesKinds(given));
  const replaces = isWhole || !isSection(defaults) || 'int' in defaults || 'float' in defaults;
  if (replaces || !isSection(given)) return given;
  const names = new Set([...Object.keys(defaults), ...Object.keys(given)]);
  return Object.fromEntries([...names].map((key) => [key, withDefaults(given[key], defaults[key], key)]));
}

/**
 * Reads a recipe; what it leaves out is as in the built-in one.
 * @param file what errors call it
 * @throws {UsageError} with line and column of what is wrong.
 */
export function readRecipe(file: string, text: string): Recipe {
  const yaml = readYaml(file, text);
  if (!isSection(yaml.value)) {
    throw new UsageError('a recipe is a map of sections: see `espalier run --print-recipe`', yaml.place([]));
  }
  const whole = withDefaults(yaml.value, readYaml('quickstart', quickstart).value);
  const result = recipeSchema().safeParse(whole, { error: explain });
  return result.success ? result.data : refuse(result.error, yaml);
}

/** The built-in recipe. */
export function quickstartRecipe(): Recipe {
  return readRecipe('the built-in recipe', quickstart);
}
