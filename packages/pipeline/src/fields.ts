/** What a value from outside may be, field by field, and the first thing that is wrong with one. */
import { quote } from '@espalier/search';
import { nearest } from './text/did-you-mean.ts';

/** What a single value may be. */
export interface Field {
  /** In words, such as `a whole number from 1 to 3`. */
  readonly allowed: string;
  /** Whether it may be left out. */
  readonly optional?: boolean;
  readonly accepts: (value: unknown) => boolean;
}

/** Sections of which one is given, told apart by their `type`. */
export interface Branches {
  readonly types: Readonly<Record<string, Fields>>;
}

/** The fields of an object, sections within it included. */
export interface Fields {
  readonly [name: string]: Field | Fields | Branches;
}

/** What is wrong with a value. */
export interface Problem {
  /** Where in the value. */
  readonly path: readonly string[];
  /** What was found there, and what to give instead. */
  readonly message: string;
  /** The name at the path that nothing knows, if that is the problem. */
  readonly unknown?: string;
}

const isField = (of: Field | Fields | Branches): of is Field => typeof Reflect.get(of, 'accepts') === 'function';
const isBranches = (of: Fields | Branches): of is Branches => 'types' in of;

function problemOfType(value: object, { types }: Branches, path: readonly string[]): Problem | undefined {
  const type: unknown = Reflect.get(value, 'type');
  const fields = typeof type === 'string' && Object.hasOwn(types, type) ? types[type] : undefined;
  const known = Object.keys(types).join(', ');
  if (fields === undefined) return { path, message: `has no known type: use one of ${known}` };
  return problemOf(value, { type: oneOf([String(type)]), ...fields }, path);
}

/** The first thing that keeps a value from having these fields and no others; undefined if nothing does. */
export function problemOf(
  value: unknown,
  fields: Field | Fields | Branches,
  path: readonly string[] = [],
): Problem | undefined {
  if (isField(fields)) {
    if ((value === undefined && fields.optional === true) || fields.accepts(value)) return undefined;
    return { path, message: `is ${quote(value)}: give ${fields.allowed}` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return {
      path,
      message: `is ${value === undefined ? 'missing' : quote(value)}: give a section with keys of its own`,
    };
  }
  if (isBranches(fields)) return problemOfType(value, fields, path);
  for (const [name, field] of Object.entries(fields)) {
    const own = Object.hasOwn(value, name) ? (Reflect.get(value, name) as unknown) : undefined;
    const problem = problemOf(own, field, [...path, name]);
    if (problem !== undefined) return problem;
  }
  const known = Object.keys(fields);
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  return unknown === undefined ? undefined : { path, message: unknownName(unknown, known), unknown };
}

/** What to say of a name that nothing knows, in a place where some are known. */
export function unknownName(name: string, known: readonly string[]): string {
  if (known.length === 0) return `there is no '${name}' here: leave it out`;
  const near = nearest(name, known);
  return near === undefined
    ? `there is no '${name}' here: use ${known.join(', ')}`
    : `there is no '${name}' here: did you mean '${near}'?`;
}

/** A problem as a sentence, with its place before it. */
export function problemText({ path, message }: Problem): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}

/** A whole number within bounds. */
export function wholeNumber(low: number, high: number = Number.MAX_SAFE_INTEGER): Field {
  return {
    allowed: high === Number.MAX_SAFE_INTEGER ? `a whole number from ${low}` : `a whole number from ${low} to ${high}`,
    accepts: (value) => Number.isSafeInteger(value) && Number(value) >= low && Number(value) <= high,
  };
}

/** A number within bounds, themselves included. */
export function numberWithin(low: number, high: number): Field {
  return {
    allowed: `a number from ${low} to ${high}`,
    accepts: (value) => typeof value === 'number' && value >= low && value <= high,
  };
}

/** A number between bounds, themselves excluded. */
export function numberBetween(low: number, high: number): Field {
  return {
    allowed: `a number between ${low} and ${high}`,
    accepts: (value) => typeof value === 'number' && value > low && value < high,
  };
}

/** A number above one bound and up to another. */
export function numberAbove(low: number, high: number): Field {
  return {
    allowed: `a number above ${low}, up to ${high}`,
    accepts: (value) => typeof value === 'number' && value > low && value <= high,
  };
}

/** One of some values; of a list that grows, those that are in it by then. */
export function oneOf(values: readonly (string | number | boolean)[]): Field {
  return {
    // When it is asked for: names may be added later.
    get allowed() {
      return `one of ${values.join(', ')}`;
    },
    accepts: (value) => values.some((one) => one === value),
  };
}

/** A text that is not empty. */
export const text: Field = { allowed: 'a text', accepts: (value) => typeof value === 'string' && value !== '' };

/** A field that may be left out. */
export function optional(field: Field): Field {
  return { ...field, optional: true };
}
