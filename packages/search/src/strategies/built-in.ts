/** The strategies that ask no other, listed once: others ask for them by name. */
import type { JsonObject } from '../json.ts';
import { cmaEs } from './cma-es/cma-es.ts';
import { agingEvolution } from './aging-evolution.ts';
import { beam } from './beam.ts';
import { coordinateDescent } from './coordinate-descent.ts';
import { genetic } from './genetic.ts';
import { gp } from './gp/gp.ts';
import { greedy } from './greedy.ts';
import { grow } from './grow.ts';
import { grid } from './grid.ts';
import { nsga2 } from './nsga2.ts';
import { nsga3 } from './nsga3.ts';
import { random } from './random.ts';
import { sobol } from './sobol.ts';
import type { Strategy } from './strategy.ts';
import { tpe } from './tpe/tpe.ts';

/** Anything that makes a strategy from stored options. */
export interface AnyStrategyFactory {
  (options?: JsonObject): Strategy;
  readonly strategy: string;
}

/** The strategies that can be found by name. */
export const builtInStrategies: readonly AnyStrategyFactory[] = [
  random,
  grid,
  sobol,
  tpe,
  cmaEs,
  gp,
  greedy,
  genetic,
  coordinateDescent,
  beam,
  grow,
  agingEvolution,
  nsga2,
  nsga3,
] as readonly AnyStrategyFactory[];
