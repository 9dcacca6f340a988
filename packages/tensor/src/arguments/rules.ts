/**
 * What arguments have to be, as data. Every public function checks what it is given by a rule, at the caller's line, in
 * JavaScript as in TypeScript; what does not hold is an ArgumentError that names the operation, the argument, the value
 * and what it must be.
 */
import { ArgumentError } from '../errors.ts';
import { describe } from './describe.ts';

/** What a value must be. */
export interface Rule<T> {
  /** Completes "it must be …". */
  readonly is: string;
  readonly holds: (value: unknown) => value is T;
}

/** A rule: what completes "it must be …", and the test. */
export function ruleOf<T>(is: string, holds: (value: unknown) => boolean): Rule<T> {
  return { is, holds: holds as Rule<T>['holds'] };
}

const isNumber = (value: unknown): value is number => typeof value === 'number';

/** Any number, NaN and infinities included. */
export const aNumber: Rule<number> = ruleOf('a number', isNumber);

/** A finite number. */
export const aFiniteNumber: Rule<number> = ruleOf('a finite number', Number.isFinite);

/** An integer that a double holds exactly. */
export const anInteger: Rule<number> = ruleOf('an integer', Number.isSafeInteger);

/** A number of things: 0, 1, 2, … */
export const aCount: Rule<number> = ruleOf(
  'a non-negative integer',
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
);

/** 1, 2, 3, … */
export const aPositiveInteger: Rule<number> = ruleOf(
  'an integer of at least 1',
  (value) => Number.isSafeInteger(value) && (value as number) >= 1,
);

/** A finite number above 0. */
export const aPositiveNumber: Rule<number> = ruleOf(
  'a finite number above 0',
  (value) => Number.isFinite(value) && (value as number) > 0,
);

/** A finite number that is not negative. */
export const aNonNegativeNumber: Rule<number> = ruleOf(
  'a finite number of at least 0',
  (value) => Number.isFinite(value) && (value as number) >= 0,
);

/** A number from 0 to 1. */
export const aProbability: Rule<number> = ruleOf(
  'a number from 0 to 1',
  (value) => isNumber(value) && value >= 0 && value <= 1,
);

/** `true` or `false`. */
export const aBoolean: Rule<boolean> = ruleOf('true or false', (value) => typeof value === 'boolean');

/** A text. */
export const aText: Rule<string> = ruleOf('a text', (value) => typeof value === 'string');

/** A function. */
export const aFunction: Rule<(...args: never[]) => unknown> = ruleOf(
  'a function',
  (value) => typeof value === 'function',
);

/** An object that holds named values: no array, no null. */
export const anObject: Rule<Readonly<Record<string, unknown>>> = ruleOf(
  'an object',
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);

/** One of some texts. */
export function oneOf<const T extends string>(...choices: readonly T[]): Rule<T> {
  return ruleOf(`one of ${choices.map((choice) => `'${choice}'`).join(', ')}`, (value) => choices.includes(value as T));
}

/** An array in which every element holds a rule; holes do not. */
export function listOf<T>(element: Rule<T>): Rule<readonly T[]> {
  return ruleOf(`an array in which each is ${element.is}`, (value) => {
    if (!Array.isArray(value)) return false;
    // By position, so that holes are seen.
    for (let index = 0; index < value.length; index++) if (!element.holds(value[index])) return false;
    return true;
  });
}

/** What holds either of two rules. */
export function either<A, B>(a: Rule<A>, b: Rule<B>): Rule<A | B> {
  return ruleOf(`${a.is} or ${b.is}`, (value) => a.holds(value) || b.holds(value));
}

/** Whether a value holds a rule; one that throws when it is looked at does not. */
export function satisfies<T>(must: Rule<T>, value: unknown): value is T {
  try {
    return must.holds(value);
  } catch {
    return false;
  }
}

/**
 * Refuses an argument that does not hold its rule.
 * @throws {ArgumentError} in any case.
 */
export function refuse(operation: string, argument: string, value: unknown, must: string): never {
  throw new ArgumentError(
    operation,
    value === undefined
      ? `${argument} is missing; it must be ${must}`
      : `${argument} is ${describe(value)}; it must be ${must}`,
  );
}

/**
 * The value, if it holds the rule.
 * @throws {ArgumentError} if not.
 */
export function check<T>(operation: string, argument: string, value: unknown, must: Rule<T>): T {
  if (!satisfies(must, value)) refuse(operation, argument, value, must.is);
  return value;
}

/**
 * The value, if it is left out or holds the rule.
 * @throws {ArgumentError} if not.
 */
export function checkOptional<T>(operation: string, argument: string, value: unknown, must: Rule<T>): T | undefined {
  return value === undefined ? undefined : check(operation, argument, value, must);
}

/** A rule for each option of an operation. */
export type OptionRules<Options> = { readonly [Name in keyof Required<Options>]: Rule<Required<Options>[Name]> };

/** A property; where reading it throws, something that holds no rule. */
function read(of: object, name: string): unknown {
  try {
    return Reflect.get(of, name);
  } catch {
    return Symbol(name);
  }
}

/**
 * The options, if each holds its rule or is left out. For operations that others call with what they have: options of
 * other names are not theirs.
 * @throws {ArgumentError} if not.
 */
export function checkOwnOptions<Options extends object>(
  operation: string,
  options: Options | undefined,
  rules: OptionRules<Options>,
): Options {
  if (options === undefined) return {} as Options;
  check<object>(operation, 'options', options, anObject);
  for (const name in rules) {
    const must: Rule<unknown> = rules[name];
    const value = read(options, name);
    if (value !== undefined && !satisfies(must, value)) refuse(operation, name, value, must.is);
  }
  return options;
}

/**
 * As `checkOwnOptions`, and refuses options that do not exist: a name that is spelled wrong would change nothing, silently.
 * `others` are names that callers of all operations of a kind give, and that are none of this one's.
 * @throws {ArgumentError} for such a name, and where an option does not hold its rule.
 */
export function checkOptions<Options extends object>(
  operation: string,
  options: Options | undefined,
  rules: OptionRules<Options>,
  others: readonly string[] = [],
): Options {
  if (options === undefined) return {} as Options;
  check<object>(operation, 'options', options, anObject);
  for (const name of Object.keys(options))
    if (!Object.hasOwn(rules, name) && !others.includes(name))
      throw new ArgumentError(operation, `has no option ${describe(name)}; it takes ${Object.keys(rules).join(', ')}`);
  return checkOwnOptions(operation, options, rules);
}
