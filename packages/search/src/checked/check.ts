/**
 * The one reader of what comes from outside: from a file, a database, another release. Checks are made of each other,
 * and each states how large the value may be, so that none costs more than reading it did.
 */
import { isObject } from '../json.ts';
import { quote } from './quote.ts';

/** Looks at a value that JSON gave and says in words what is wrong with it; what it finds right is used as it is. */
export type Check = (value: unknown) => string | undefined;

/** How deep values may be nested that are kept for somebody else, such as a checkpoint's data. */
export const deepest = 200;
/** How long a name may be: of a study, a parameter, a metric, a worker. */
export const longestName = 1000;
/** How many parts a value may have that is no data of somebody else's: names of an object, items of a list. */
export const mostParts = 100_000;

const wanted =
  (accepts: (value: unknown) => boolean, words: string): Check =>
  (value) =>
    accepts(value) ? undefined : `is ${quote(value)}: it must be ${words}`;

/** A whole number from one to another. */
export function whole(least = 0, most: number = Number.MAX_SAFE_INTEGER): Check {
  const words =
    most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least}` : `a whole number from ${least} to ${most}`;
  return wanted((value) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most, words);
}

/** Any number, NaN and the infinities among them. */
export const anyNumber: Check = wanted((value) => typeof value === 'number', 'a number');

/** A number that is neither NaN nor infinite. */
export const finite: Check = wanted(Number.isFinite, 'a finite number');

/** True or false. */
export const truth: Check = wanted((value) => typeof value === 'boolean', 'true or false');

/** A text of at most so many characters. */
export function text(most = 1_000_000): Check {
  return wanted((value) => typeof value === 'string' && value.length <= most, `a text of up to ${most} characters`);
}

/** A name, such as a study's. */
export const aName: Check = text(longestName);

/** One of some words. */
export function word(...words: readonly string[]): Check {
  return wanted((value) => words.some((each) => each === value), `one of ${words.join(', ')}`);
}

/** What one part of a whole says, with where it is. */
function inside(place: string, problem: string | undefined): string | undefined {
  if (problem === undefined) return undefined;
  return /^[.[]/u.test(problem) ? `${place}${problem}` : `${place} ${problem}`;
}

/** A list of parts of one kind. */
export function list(each: Check, most: number = mostParts): Check {
  return (value) => {
    if (!Array.isArray(value)) return `is ${quote(value)}: it must be a list`;
    if (value.length > most) return `has ${value.length} items: it may have ${most}`;
    for (let index = 0; index < value.length; index += 1) {
      const problem = each(value[index]);
      if (problem !== undefined) return inside(`[${index}]`, problem);
    }
    return undefined;
  };
}

/** An object whose fields somebody else named, each of one kind. */
export function record(each: Check, most: number = mostParts): Check {
  return (value) => {
    if (!isObject(value)) return `is ${quote(value)}: it must be an object`;
    const names = Object.keys(value);
    if (names.length > most) return `has ${names.length} names: it may have ${most}`;
    for (const name of names) {
      if (name.length > longestName) return `has a name of ${name.length} characters: it may have ${longestName}`;
      const problem = each(value[name]);
      if (problem !== undefined) return inside(`.${name}`, problem);
    }
    return undefined;
  };
}

/** An object with some fields, and others that may be absent; what else it has is left alone. */
export function fields(needed: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>> = {}): Check {
  const required = Object.entries(needed);
  const others = Object.entries(optional);
  return (value) => {
    if (!isObject(value)) return `is ${quote(value)}: it must be an object`;
    for (const [name, check] of required) {
      const problem = check(value[name]);
      if (problem !== undefined) return inside(`.${name}`, problem);
    }
    for (const [name, check] of others) {
      const part = value[name];
      const problem = part === undefined ? undefined : check(part);
      if (problem !== undefined) return inside(`.${name}`, problem);
    }
    return undefined;
  };
}

/** An object whose kind a field names. */
export function tagged(field: string, kinds: ReadonlyMap<unknown, Check>): Check {
  const known = word(...[...kinds.keys()].map(String));
  return (value) => {
    if (!isObject(value)) return `is ${quote(value)}: it must be an object`;
    const check = kinds.get(value[field]);
    return check === undefined ? inside(`.${field}`, known(value[field])) : check(value);
  };
}

/** What one check accepts, or null. */
export function orNull(check: Check): Check {
  return (value) => (value === null ? undefined : check(value));
}

/** What all of some checks accept. */
export function every(...checks: readonly Check[]): Check {
  return (value) => {
    for (const check of checks) {
      const problem = check(value);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
}

/** Whatever JSON can hold, not nested deeper than so many levels. */
export function json(levels: number = deepest): Check {
  const tooDeep = `is nested deeper than ${levels} levels`;
  const look = (value: unknown, left: number): string | undefined => {
    if (typeof value !== 'object' || value === null) return undefined;
    if (left === 0) return tooDeep;
    // By place: the names of a list's places would take more than what is there.
    const parts: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
    for (let index = 0; index < parts.length; index += 1) {
      const problem = look(parts[index], left - 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
  return (value) => (value === undefined ? 'is missing' : look(value, levels));
}
