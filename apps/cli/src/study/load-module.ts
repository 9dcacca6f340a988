/** Loads studies that users write as modules, and says which part of one is wrong. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suggestion } from '@espalier/pipeline';
import {
  isSpace,
  spaceFromJson,
  type EarlyStopping,
  type ObjectiveFunction,
  type Space,
  type Strategy,
} from '@espalier/search';
import { UsageError, whyNotLoaded } from '../errors.ts';
import { shown } from '../terminal/visible.ts';

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

/** What each field has to be, in words, and whether a value is that. */
interface Field {
  readonly needed: boolean;
  readonly what: string;
  readonly accepts: (value: unknown) => boolean;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** Whether a value is a plug-in, of whatever copy of the search package. */
function isPlugin(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string';
}

const fields: Readonly<Record<keyof StudyModule, Field>> = {
  space: { needed: true, what: "a space, made by space({ … }) of '@espalier/search'", accepts: isSpace },
  objectives: {
    needed: true,
    what: "a list of texts such as ['maximize accuracy']",
    accepts: (value) => isTexts(value) && (value as readonly string[]).length > 0,
  },
  constraints: { needed: false, what: "a list of texts such as ['latency <= 2ms']", accepts: isTexts },
  strategy: { needed: false, what: 'a strategy such as tpe()', accepts: isPlugin },
  earlyStopping: { needed: false, what: 'an early stopping such as medianStopping()', accepts: isPlugin },
  objective: { needed: true, what: 'a function of a trial', accepts: (value) => typeof value === 'function' },
};

/** @throws {UsageError} that names the field which is wrong. */
function check(file: string, value: unknown): asserts value is StudyModule {
  if (typeof value !== 'object' || value === null) {
    const found = value === undefined ? 'it has no default export' : `its default export is ${shown(value)}`;
    throw new UsageError(`${file}: ${found}: export default { space, objectives: ['maximize …'], objective }`);
  }
  const given: Readonly<Record<string, unknown>> = { ...value };
  const strange = Object.keys(given).find((name) => !Object.hasOwn(fields, name));
  if (strange !== undefined) {
    throw new UsageError(
      `${file}: a study has no field ${shown(strange)}: ${suggestion(strange, Object.keys(fields))}`,
    );
  }
  for (const [name, { needed, what, accepts }] of Object.entries(fields)) {
    const field = given[name];
    if (field === undefined ? !needed : accepts(field)) continue;
    const isEmpty = Array.isArray(field) && field.length === 0;
    const problem = field === undefined ? `it has no '${name}'` : `'${name}' is ${isEmpty ? 'empty' : shown(field)}`;
    throw new UsageError(`${file}: ${problem}: give ${what}`);
  }
}

/** Imports a module; one in TypeScript alike on every Node, of which only newer ones would run it themselves. */
async function importModule(path: string): Promise<{ readonly default?: unknown }> {
  const url = pathToFileURL(path).href;
  if (!/\.[cm]?ts$/u.test(path)) return (await import(url)) as { readonly default?: unknown };
  const { createJiti } = await import('jiti');
  return createJiti(import.meta.url, { fsCache: false, moduleCache: false }).import(url);
}

/**
 * Loads the study that a module exports. Its space may come of another copy of the search package.
 * @throws {UsageError} when it cannot be loaded, or exports none, naming the field that is wrong.
 */
export async function loadStudyModule(file: string): Promise<StudyModule> {
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`${file}: there is no such file: check the path`);
  let found: { readonly default?: unknown };
  try {
    found = await importModule(path);
  } catch (error) {
    throw new UsageError(`${file} cannot be loaded: ${whyNotLoaded(error)}`);
  }
  const { default: definition } = found;
  check(file, definition);
  return { ...definition, space: spaceFromJson(JSON.parse(JSON.stringify(definition.space)) as never) };
}
