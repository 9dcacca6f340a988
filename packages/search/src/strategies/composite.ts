/** The strategies that ask others, apart from these: else the lists would import each other. */
import { adaptive } from './adaptive.ts';
import { auto } from './auto.ts';
import type { AnyStrategyFactory } from './built-in.ts';
import { bohb } from './multi-fidelity/bohb.ts';
import { dehb } from './multi-fidelity/dehb.ts';
import { populationBasedTraining } from './population-based-training.ts';
import { asha, hyperband, successiveHalving } from './multi-fidelity/successive-halving.ts';

/** The strategies that ask others for configs, and find those among the built-in: all that give trials budgets do. */
export const compositeStrategies: readonly AnyStrategyFactory[] = [
  auto,
  adaptive,
  successiveHalving,
  asha,
  hyperband,
  bohb,
  dehb,
  populationBasedTraining,
] as readonly AnyStrategyFactory[];
