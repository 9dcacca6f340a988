/** Optimizers by name. */
import { ConfigError } from '../errors.ts';
import { show } from '../config/fields.ts';
import { isRecord, own } from '../json.ts';
import { Adam, AdamW } from './adam.ts';
import type { Optimizer, OptimizerConfig } from './optimizer.ts';
import { RMSProp, type RMSPropOptions } from './rmsprop.ts';
import { SGD, type SGDOptions } from './sgd.ts';

const types: Readonly<Record<string, (options: object) => Optimizer>> = {
  sgd: (options) => new SGD(options as SGDOptions),
  rmsprop: (options) => new RMSProp(options as RMSPropOptions),
  adam: (options) => new Adam(options),
  adamw: (options) => new AdamW(options),
};

/** The names of all optimizers. */
export const optimizerTypes: readonly string[] = Object.keys(types);

/** The optimizer a JSON description stands for. Throws ConfigError. */
export function buildOptimizer(config: OptimizerConfig): Optimizer {
  const create = isRecord(config) ? own(types, config.type) : undefined;
  if (!create)
    throw new ConfigError('optimizer', `is ${show(config)}; it needs a type out of ${optimizerTypes.join(', ')}`);
  return create(config);
}
