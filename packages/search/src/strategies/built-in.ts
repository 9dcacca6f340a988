import { StudyError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { genetic } from './genetic.ts';
import { greedy } from './greedy.ts';
import { random } from './random.ts';
import type { Strategy } from './strategy.ts';

/** A strategy as a study stores it. */
export interface StrategyRecord {
  readonly name: string;
  readonly options: JsonObject;
}

/** Anything that makes a strategy from stored options. */
export interface AnyStrategyFactory {
  (options?: JsonObject): Strategy;
  readonly strategy: string;
}

/** The strategies that can be found by name. */
export const builtInStrategies: readonly AnyStrategyFactory[] = [
  random,
  greedy,
  genetic,
] as readonly AnyStrategyFactory[];

/**
 * Makes the strategy that a study stores.
 * @throws StudyError when no factory has its name.
 */
export function restoreStrategy(
  study: string,
  { name, options }: StrategyRecord,
  factories: readonly AnyStrategyFactory[] = builtInStrategies,
): Strategy {
  const make = factories.find(({ strategy }) => strategy === name);
  if (make === undefined) {
    const known = factories.map(({ strategy }) => strategy).join(', ');
    throw new StudyError('options', study, `its strategy '${name}' is not among ${known}: pass it as strategy`);
  }
  return make(options);
}
