/** What arguments and options of this package have to be, beside the rules of the packages below. */
import {
  aFunction,
  anObject,
  check,
  checkOptions,
  refuse,
  ruleOf,
  type OptionRules,
  type Rule,
} from '@espalier/tensor/arguments';

/** A function that is called back. */
export const callback = <Called>(): Rule<Called> => ruleOf(aFunction.is, aFunction.holds);

/** What is looked at closer afterwards. */
export const anything = <T>(): Rule<T> => ruleOf('anything', () => true);

/** An object of certain parts. */
export function partsOf<T extends object>(is: string, parts: { readonly [Name in keyof T]?: Rule<unknown> }): Rule<T> {
  return ruleOf(
    is,
    (value) =>
      anObject.holds(value) &&
      Object.entries<Rule<unknown> | undefined>(parts).every(([name, must]) => must?.holds(value[name])),
  );
}

/** What may be left out. */
export function optional<T>(must: Rule<T>): Rule<T | undefined> {
  return ruleOf(`${must.is}, or left out`, (value) => value === undefined || must.holds(value));
}

/**
 * The options, as `checkOptions` checks them, some of which have to be there.
 * @throws {ArgumentError} where one is missing or wrong.
 */
export function checkNeeded<Options extends object>(
  operation: string,
  options: Options,
  rules: OptionRules<Options>,
  needed: readonly (keyof Options & string)[],
): Options {
  check<object>(operation, 'options', options, anObject);
  checkOptions(operation, options, rules);
  for (const name of needed) if (options[name] === undefined) refuse(operation, name, undefined, rules[name].is);
  return options;
}
