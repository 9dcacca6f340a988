import type { JsonObject } from '../json.ts';
import { genetic } from './genetic.ts';
import { greedy } from './greedy.ts';
import { random } from './random.ts';
import type { Strategy } from './strategy.ts';

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
