/** Recipes as studies store them, which anybody who writes the storage can change: checked like new ones. */
import type { Recipe } from '@espalier/pipeline';
import { FailedError } from '../errors.ts';
import { explain } from './section.ts';
import { recipeSchema } from './schema.ts';

/** More levels than any recipe has. */
const deepest = 100;

/** A part of a recipe as it is written, from what was read of it: a search's parameters are a list or a range again. */
export function written(value: unknown, level = 0): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || level > deepest) return value;
  const { kind, values, low, high, step, log } = value as Readonly<Record<string, unknown>>;
  if (kind === 'choice') return values;
  if (kind === 'int' || kind === 'float') {
    return { [kind]: [low, high], ...(step === undefined ? {} : { step }), ...(log === undefined ? {} : { log }) };
  }
  // Most parts are as they are written: only what is not gets an object of its own.
  let changed: Record<string, unknown> | undefined;
  for (const name of Object.keys(value)) {
    const part = (value as Readonly<Record<string, unknown>>)[name];
    const text = written(part, level + 1);
    // The copy has each name as its own already, so that none sets a prototype.
    if (text !== part) (changed ??= { ...value })[name] = text;
  }
  return changed ?? value;
}

/**
 * The recipe that a study stores, checked as one that somebody wrote.
 * @param what what errors call it
 * @throws {FailedError} that says what is wrong with it.
 */
export function readStoredRecipe(what: string, stored: unknown): Recipe {
  const result = recipeSchema().safeParse(written(stored), { error: explain });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = (issue?.path ?? []).map(String).join('.');
  throw new FailedError(`${what} is damaged: ${path === '' ? 'it' : path}: ${issue?.message ?? 'it cannot be read'}`);
}
