/** Numbers that hold for all tensors, or for those of some names. */
import { RecipeError } from '../errors.ts';
import { quote } from '../quote.ts';
import { numberOption, type NumberBounds } from '../recipe/options.ts';
import { checkFilter, matches, type NamedParameter } from './parameter-filter.ts';

/** A number for all tensors, or one by patterns over their names, of which the first that matches counts. */
export type PerTensor = number | { readonly [pattern: string]: number };

/** Whether it differs by names. */
export function isMap(value: PerTensor): value is { readonly [pattern: string]: number } {
  return typeof value === 'object' && value !== null;
}

/** @throws {RecipeError} unless every number of it is within the bounds, and its patterns can be read. */
export function checkPerTensor(place: string, name: string, value: PerTensor, bounds: NumberBounds): void {
  if (!isMap(value)) return numberOption(place, name, value, bounds);
  const patterns = Array.isArray(value) ? [] : Object.keys(value);
  if (patterns.length === 0)
    throw new RecipeError(place, `${name} is ${quote(value)}; it must be a number, or one for each pattern over names`);
  checkFilter(`${place}.${name}`, { include: patterns });
  for (const pattern of patterns) numberOption(place, `${name} of ${quote(pattern)}`, value[pattern], bounds);
}

/** The number that holds for a name; undefined where no pattern stands for it. */
export function valueFor(value: PerTensor, name: string): number | undefined {
  if (!isMap(value)) return value;
  return Object.entries(value).find(([pattern]) => matches(pattern, name))?.[1];
}

/** @throws {RecipeError} for a pattern that stands for none of the tensors, most often by a misspelling. */
export function checkPatternsUsed(
  place: string,
  name: string,
  value: PerTensor,
  chosen: readonly NamedParameter[],
): void {
  if (!isMap(value)) return;
  const idle = Object.keys(value).find((pattern) => !chosen.some((each) => matches(pattern, each.name)));
  if (idle === undefined) return;
  throw new RecipeError(
    place,
    `${name} has ${quote(idle)}, which matches none of the tensors that are chosen; there are ${chosen.map((each) => each.name).join(', ')}`,
  );
}
