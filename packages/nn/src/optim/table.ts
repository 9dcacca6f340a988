/** Optimizers by name. */
import { aFunction, aText, check, ruleOf } from '@espalier/tensor/arguments';
import { ConfigError } from '../errors.ts';
import { show } from '../config/fields.ts';
import { isRecord } from '../json.ts';
import { Registry } from '../registry/registry.ts';
import { Adam, AdamW, type AdamOptions } from './adam.ts';
import type { Optimizer, OptimizerConfig } from './optimizer.ts';
import { anOptimizer } from './rule.ts';
import { RMSProp, type RMSPropOptions } from './rmsprop.ts';
import { SGD, type SGDOptions } from './sgd.ts';

/** How a type of optimizer is made from JSON. */
export interface OptimizerType {
  readonly type: string;
  /**
   * The options have the type among them.
   * @throws {ConfigError} for those that are wrong.
   */
  readonly create: (options: OptimizerConfig) => Optimizer;
}

const types = new Registry<OptimizerType>('optimizer', ({ type }) => type, [
  { type: 'sgd', create: (options) => new SGD(options as unknown as SGDOptions) },
  { type: 'rmsprop', create: (options) => new RMSProp(options as unknown as RMSPropOptions) },
  { type: 'adam', create: (options) => new Adam(options as AdamOptions) },
  { type: 'adamw', create: (options) => new AdamW(options as AdamOptions) },
]);

const anOptimizerType = ruleOf<OptimizerType>(
  'a type of optimizer: { type, create }',
  (value) => isRecord(value) && aText.holds(value['type']) && aFunction.holds(value['create']),
);

/**
 * Makes a type of optimizer known to `buildOptimizer`.
 * @throws {ConfigError} if the name is taken by another one.
 */
export function registerOptimizer(type: OptimizerType): void {
  types.register('registerOptimizer', check('registerOptimizer', 'type', type, anOptimizerType));
}

/** The names of all optimizers, those that were registered last. */
export const optimizerTypes: readonly string[] = types.names;

/**
 * The optimizer a JSON description stands for.
 * @throws {ConfigError} for a type that is not known, and for options that are wrong.
 */
export function buildOptimizer(config: OptimizerConfig): Optimizer {
  const type = isRecord(config) ? types.get(config.type) : undefined;
  if (!type) throw new ConfigError('optimizer', `is ${show(config)}; it needs a type out of ${types.list}`);
  return check('optimizer', `what ${type.type} makes`, type.create(config), anOptimizer);
}
