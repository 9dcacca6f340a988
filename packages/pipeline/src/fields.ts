/** What a value from outside may be, field by field, and the first thing that is wrong with one. */
import { quote } from '@espalier/search';
import { nearest, suggestion } from './text/did-you-mean.ts';

/** What a single value may be. */
export interface Field {
  /** In words, such as `a whole number from 1 to 3`. */
  readonly allowed: string;
  /** Whether it may be left out. */
  readonly optional?: boolean;
  readonly accepts: (value: unknown) => boolean;
  /** What there is to say of a value that it does not accept, where that is more than what is allowed. */
  readonly flaw?: (value: unknown) => string;
}

/** Sections of which one is given, told apart by their `type`. */
export interface Branches {
  readonly types: Readonly<Record<string, Fields>>;
}

/** A part that is looked at as a whole. */
export interface Checked {
  /** The first thing that is wrong with it; `path` is its place. */
  readonly problemIn: (value: unknown, path: readonly string[]) => Problem | undefined;
}

/** The fields of an object, sections within it included. */
export interface Fields {
  readonly [name: string]: Field | Fields | Branches | Checked;
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

type Part = Fields[string];

const isField = (of: Part): of is Field => typeof Reflect.get(of, 'accepts') === 'function';
const isChecked = (of: Part): of is Checked => typeof Reflect.get(of, 'problemIn') === 'function';
const isBranches = (of: Part): of is Branches => 'types' in of;

function problemOfType(value: object, { types }: Branches, path: readonly string[]): Problem | undefined {
  const type: unknown = Reflect.get(value, 'type');
  const fields = typeof type === 'string' && Object.hasOwn(types, type) ? types[type] : undefined;
  const known = Object.keys(types).join(', ');
  if (fields === undefined) return { path, message: `has no known type: use one of ${known}` };
  return problemOf(value, { type: oneOf([String(type)]), ...fields }, path);
}

/** The first thing that keeps a value from having these fields and no others; undefined if nothing does. */
export function problemOf(value: unknown, fields: Part, path: readonly string[] = []): Problem | undefined {
  if (isChecked(fields)) return fields.problemIn(value, path);
  if (isField(fields)) {
    if ((value === undefined && fields.optional === true) || fields.accepts(value)) return undefined;
    return { path, message: refusal(fields, value) };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return {
      path,
      message: `is ${value === undefined ? 'missing' : quote(value)}: give a section with keys of its own`,
    };
  }
  if (isBranches(fields)) return problemOfType(value, fields, path);
  for (const [name, field] of Object.entries<Part>(fields)) {
    const own = Object.hasOwn(value, name) ? (Reflect.get(value, name) as unknown) : undefined;
    const problem = problemOf(own, field, [...path, name]);
    if (problem !== undefined) return problem;
  }
  const known = Object.keys(fields);
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  return unknown === undefined ? undefined : { path, message: unknownName(unknown, known), unknown };
}

/** What to say of a value that a field does not accept. */
export function refusal(field: Field, value: unknown): string {
  return `is ${value === undefined ? 'missing' : quote(value)}: ${field.flaw?.(value) ?? `give ${field.allowed}`}`;
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

/**
 * The name of something that is looked up in a table: one that others may add to, so that what is allowed is seen when it
 * is asked for.
 * @param is such as `the name of an activation`
 * @param names those that are known; the table adds to them
 * @param make makes what a name alone stands for; throws an error that says why it cannot
 */
export function knownName(is: string, names: readonly string[], make: (name: string) => unknown): Field {
  const failure = (name: string): string | undefined => {
    try {
      make(name);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  return {
    allowed: is,
    accepts: (value) => typeof value === 'string' && names.includes(value) && failure(value) === undefined,
    flaw: (value) => {
      if (typeof value !== 'string') return `give ${is}`;
      const problem = names.includes(value) ? failure(value) : undefined;
      return (
        problem ??
        suggestion(
          value,
          names.filter((name) => failure(name) === undefined),
        )
      );
    },
  };
}

/** A text that is not empty. */
export const text: Field = { allowed: 'a text', accepts: (value) => typeof value === 'string' && value !== '' };

/** A field that may be left out. */
export function optional(field: Field): Field {
  return { ...field, optional: true };
}
