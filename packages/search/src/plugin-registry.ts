import { builtInEarlyStoppings } from './early-stopping/built-in.ts';
import type { EarlyStopping } from './early-stopping/early-stopping.ts';
import { StudyError } from './errors.ts';
import type { JsonObject } from './json.ts';
import type { Plugin } from './plugin.ts';
import { builtInStrategies } from './strategies/built-in.ts';
import type { Strategy } from './strategies/strategy.ts';

type Factories<Made> = ReadonlyMap<string, (options: JsonObject) => Made>;

const strategies: Factories<Strategy> = new Map(builtInStrategies.map((make) => [make.strategy, make]));
const earlyStoppings: Factories<EarlyStopping> = new Map(
  builtInEarlyStoppings.map((make) => [make.earlyStopping, make]),
);

function restore<Made>(study: string, what: string, { name, options }: Plugin, factories: Factories<Made>): Made {
  const make = factories.get(name);
  if (make !== undefined) return make(options);
  const known = [...factories.keys()].join(', ');
  throw new StudyError('options', study, `its ${what} '${name}' is not among ${known}: pass it as ${what}`);
}

/**
 * Makes the strategy that a study stores.
 * @throws StudyError when none that is built in has its name.
 */
export function restoreStrategy(study: string, record: Plugin): Strategy {
  return restore(study, 'strategy', record, strategies);
}

/**
 * Makes the early stopping that a study stores.
 * @throws StudyError when none that is built in has its name.
 */
export function restoreEarlyStopping(study: string, record: Plugin): EarlyStopping {
  return restore(study, 'earlyStopping', record, earlyStoppings);
}
