/** Reading JSON descriptions: each field has a parser and perhaps a default; whatever else is there is an error. */
import { aBoolean, brief, ruleOf, satisfies, show as showValue, type Rule } from '@espalier/tensor/arguments';
import { ConfigError } from '../errors.ts';
import { isRecord } from '../json.ts';
import { numberThat } from './rules.ts';

/** How one field is read. */
export interface Field<T> {
  /**
   * The value, checked.
   * @throws {ConfigError} naming `where`.
   */
  readonly parse: (value: unknown, where: string) => T;
  /** Used when the field is absent; without it the field is required. */
  readonly fallback?: T;
}

/** One reader for each field of an options type. */
export type Fields<Options> = { readonly [Key in keyof Required<Options>]: Field<Required<Options>[Key]> };

/** The place of a field inside a place. */
export function inside(where: string, key: string): string {
  return where === '' ? key : `${where}.${key}`;
}

/**
 * All fields of an object, with defaults filled in.
 * @throws {ConfigError} for a missing, unknown or wrong field.
 */
export function parseFields<Options extends object>(
  where: string,
  fields: Fields<Options>,
  given: unknown,
): Required<Options> {
  if (!isRecord(given)) throw new ConfigError(where, `is ${show(given)}; it must be an object`);
  for (const key of Object.keys(given))
    if (key !== 'type' && !Object.hasOwn(fields, key))
      throw new ConfigError(
        inside(where, brief(key)),
        `is no known field; known are ${Object.keys(fields).join(', ') || 'none'}`,
      );
  const parsed = Object.entries<Field<unknown>>(fields).map(([key, field]) => {
    const value = given[key];
    if (value !== undefined) return [key, field.parse(value, inside(where, key))];
    if (!('fallback' in field)) throw new ConfigError(inside(where, key), 'is missing; it has no default');
    return [key, field.fallback];
  });
  return Object.fromEntries(parsed) as Required<Options>;
}

/** How much of a list of names a message shows, and of a name: of weights they say where they are. */
const mostNames = 8;
const longestName = 200;

/** Names for an error message: the first of them, each in brief, and how many more there are. */
export function briefList(names: readonly string[]): string {
  const shown = names
    .slice(0, mostNames)
    .map((name) => brief(name, longestName))
    .join(', ');
  return names.length > mostNames ? `${shown} and ${names.length - mostNames} more` : shown;
}

/** A value of a description for an error message, in brief. */
export function show(value: unknown): string {
  return value === undefined ? 'missing' : showValue(value);
}

/** A name out of a file for an error message, in quotes. */
export function showName(name: string): string {
  return `'${brief(name, longestName)}'`;
}

/** A field whose value holds a rule. */
function fieldOf<T>(must: Rule<T>): Field<T> {
  return {
    parse: (value, where) => {
      if (!satisfies(must, value)) throw new ConfigError(where, `is ${show(value)}; it must be ${must.is}`);
      return value;
    },
  };
}

/** No count or size of a description is larger, so that a broken one cannot ask for all memory. */
const largest = 2 ** 24;

const isInteger = (value: unknown, least: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= largest;

/** An integer of at least `least`. */
export function integer(least: number): Field<number> {
  return fieldOf(ruleOf(`an integer of at least ${least}`, (value) => isInteger(value, least)));
}

/** A finite number within bounds, both included unless `below` is used. */
export function real(
  bounds: { readonly least?: number; readonly most?: number; readonly above?: number; readonly below?: number } = {},
): Field<number> {
  const { least = -Infinity, most = Infinity, above = -Infinity, below = Infinity } = bounds;
  const limits = [
    ...(bounds.least === undefined ? [] : [`at least ${least}`]),
    ...(bounds.above === undefined ? [] : [`above ${above}`]),
    ...(bounds.most === undefined ? [] : [`at most ${most}`]),
    ...(bounds.below === undefined ? [] : [`below ${below}`]),
  ];
  const accepts = (value: number): boolean =>
    Number.isFinite(value) && value >= least && value <= most && value > above && value < below;
  return fieldOf(numberThat(limits.join(' and '), accepts));
}

/** True or false. */
export const truth: Field<boolean> = fieldOf(aBoolean);

/** One of some words. */
export function word<Word extends string>(...words: readonly Word[]): Field<Word> {
  return fieldOf(ruleOf(`one of ${words.join(', ')}`, (value) => words.includes(value as Word)));
}

/** One integer for both axes, or [height, width]. */
export function size(least: number): Field<number | readonly [number, number]> {
  const accepts = (value: unknown): boolean =>
    isInteger(value, least) ||
    (Array.isArray(value) && value.length === 2 && value.every((part) => isInteger(part, least)));
  return fieldOf(ruleOf(`an integer of at least ${least}, or two of them`, accepts));
}

/** A list of integers of at least 1, or one such integer. */
export const sizes: Field<number | readonly number[]> = fieldOf(
  ruleOf(
    'a positive integer or a list of them',
    (value) =>
      isInteger(value, 1) || (Array.isArray(value) && value.length > 0 && value.every((part) => isInteger(part, 1))),
  ),
);

/** A field that may be either of two kinds. */
export function either<A, B>(first: Field<A>, second: Field<B>): Field<A | B> {
  return {
    parse: (value, where) => {
      try {
        return first.parse(value, where);
      } catch {
        return second.parse(value, where);
      }
    },
  };
}

/** The same field with a default. */
export function optional<T>(field: Field<T>, fallback: T): Field<T> {
  return { parse: field.parse, fallback };
}
