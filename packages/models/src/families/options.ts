/** Reading the few words of a family: each option has a rule, and whatever else is there is an error. */
import { ConfigError, type ModuleConfig } from '@espalier/nn';
import { show } from '@espalier/tensor/arguments';

/** What an option has to be. */
export interface OptionRule {
  readonly holds: (value: unknown) => boolean;
  readonly is: string;
}

/** Rules by the names of options. */
export type OptionRulesOf<Options> = Readonly<Record<keyof Options, OptionRule>>;

/** A count, as of features, layers or heads. */
export const aCount: OptionRule = {
  holds: (value) => Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= 2 ** 24,
  is: 'a whole number of at least 1',
};

/** True or false. */
export const aTruth: OptionRule = { holds: (value) => typeof value === 'boolean', is: 'true or false' };

/** A number above 0. */
export const aPositive: OptionRule = {
  holds: (value) => Number.isFinite(value) && (value as number) > 0,
  is: 'a number above 0',
};

/** One of some values. */
export function oneOf(...values: readonly unknown[]): OptionRule {
  return { holds: (value) => values.includes(value), is: `one of ${values.map(show).join(', ')}` };
}

/** What a layer looks at itself. */
export const anyJson: OptionRule = { holds: () => true, is: 'JSON' };

/**
 * The options of a description.
 * @throws {ConfigError} for an unknown one, one that is wrong, and one of `needed` that is missing.
 */
export function familyOptions<Options extends object>(
  given: ModuleConfig,
  rules: OptionRulesOf<Options>,
  needed: readonly (keyof Options & string)[] = [],
): Options {
  for (const [name, value] of Object.entries(given)) {
    if (name === 'type') continue;
    const at = `${given.type}.${name}`;
    if (!Object.hasOwn(rules, name))
      throw new ConfigError(at, `is no known field; known are ${Object.keys(rules).join(', ')}`);
    const { holds, is } = rules[name as keyof Options];
    if (value !== undefined && !holds(value)) throw new ConfigError(at, `is ${show(value)}; it must be ${is}`);
  }
  for (const name of needed)
    if (given[name] === undefined)
      throw new ConfigError(`${given.type}.${name}`, `is missing; it must be ${rules[name].is}`);
  return given as object as Options;
}

/**
 * The parts of a container's description.
 * @throws {ConfigError} for one that it has not.
 */
export function onlyParts(
  config: ModuleConfig,
  where: string,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  const { type: _, ...parts } = config;
  for (const name of Object.keys(parts))
    if (!known.includes(name))
      throw new ConfigError(
        where === '' ? name : `${where}.${name}`,
        `is no known field; known are ${known.join(', ')}`,
      );
  return parts;
}
