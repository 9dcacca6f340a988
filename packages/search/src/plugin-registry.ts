/**
 * Strategies and early stoppings by name. Apart from what defines them, so that a program that names its own in code
 * bundles no others.
 */
import { builtInEarlyStoppings } from './early-stopping/built-in.ts';
import type { EarlyStopping } from './early-stopping/early-stopping.ts';
import { StudyError, ValueError } from './errors.ts';
import type { JsonObject } from './json.ts';
import type { Plugin } from './plugin.ts';
import { builtInStrategies } from './strategies/built-in.ts';
import { compositeStrategies } from './strategies/composite.ts';
import type { Strategy } from './strategies/strategy.ts';

type Factories<Made> = ReadonlyMap<string, (options: JsonObject) => Made>;

const strategies: Factories<Strategy> = new Map(
  [...builtInStrategies, ...compositeStrategies].map((make) => [make.strategy, make]),
);
const earlyStoppings: Factories<EarlyStopping> = new Map(
  builtInEarlyStoppings.map((make) => [make.earlyStopping, make]),
);

/** The names of the built-in strategies. */
export const strategyNames: readonly string[] = [...strategies.keys()];

/** The names of the built-in early stoppings. */
export const earlyStoppingNames: readonly string[] = [...earlyStoppings.keys()];

function named<Made>(what: string, { name, options }: Plugin, factories: Factories<Made>): Made {
  const make = factories.get(name);
  if (make !== undefined) return make(options);
  throw new ValueError(`there is no ${what} '${name}': use one of ${[...factories.keys()].join(', ')}`);
}

/**
 * The built-in strategy of a name, such as one that a user typed.
 * @throws {ValueError} when there is none, and for options that it cannot have.
 */
export function strategyNamed(name: string, options: JsonObject = {}): Strategy {
  return named('strategy', { name, options }, strategies);
}

/**
 * The built-in early stopping of a name.
 * @throws {ValueError} when there is none, and for options that it cannot have.
 */
export function earlyStoppingNamed(name: string, options: JsonObject = {}): EarlyStopping {
  return named('early stopping', { name, options }, earlyStoppings);
}

function restore<Made>(study: string, what: string, record: Plugin, factories: Factories<Made>): Made {
  if (factories.has(record.name)) {
    try {
      return named(what, record, factories);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      throw new StudyError('options', study, `its ${what} cannot be (${error.message}): pass another as ${what}`);
    }
  }
  const known = [...factories.keys()].join(', ');
  throw new StudyError('options', study, `its ${what} '${record.name}' is not among ${known}: pass it as ${what}`);
}

/**
 * Makes the strategy that a study stores.
 * @throws {StudyError} when none that is built in has its name, or it cannot have its options.
 */
export function restoreStrategy(study: string, record: Plugin): Strategy {
  return restore(study, 'strategy', record, strategies);
}

/**
 * Makes the early stopping that a study stores.
 * @throws {StudyError} when none that is built in has its name, or it cannot have its options.
 */
export function restoreEarlyStopping(study: string, record: Plugin): EarlyStopping {
  return restore(study, 'earlyStopping', record, earlyStoppings);
}
