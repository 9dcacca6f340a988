/** Losses by name, for recipes. */
import { crossEntropy } from '@espalier/tensor';
import { aFunction, aText, check, ruleOf } from '@espalier/tensor/arguments';
import { isRecord } from '../json.ts';
import { Registry } from '../registry/registry.ts';
import { bceWithLogits, klDivergence } from './classification.ts';
import type { LossFunction } from './loss.ts';
import { huber, l1, mse } from './regression.ts';

/** A loss under the name that JSON and files have for it. */
export interface LossType {
  readonly type: string;
  readonly loss: LossFunction;
}

const losses = new Registry<LossType>('loss', ({ type }) => type, [
  { type: 'cross-entropy', loss: crossEntropy },
  { type: 'mse', loss: mse },
  { type: 'l1', loss: l1 },
  { type: 'huber', loss: huber },
  { type: 'bce-with-logits', loss: bceWithLogits },
  { type: 'kl-divergence', loss: klDivergence },
]);

const aLossType = ruleOf<LossType>(
  'a loss with its name: { type, loss }',
  (value) => isRecord(value) && aText.holds(value['type']) && aFunction.holds(value['loss']),
);

/**
 * Makes a loss known by a name: to recipes, and to the files of models that it trains.
 * @throws {ConfigError} if the name is taken by another one.
 *
 * @example
 * registerLoss({ type: 'hinge', loss: (output, target) => output.mul(target).neg().add(1).relu().mean() });
 */
export function registerLoss(type: LossType): void {
  losses.register('registerLoss', check('registerLoss', 'type', type, aLossType));
}

/** The names of all losses, those that were registered last. */
export const lossTypes: readonly string[] = losses.names;

/**
 * The loss of a name, with its defaults.
 * @throws {ConfigError} for a name that is not known.
 */
export function loss(name: string): LossFunction {
  return losses.find('loss', name).loss;
}

/** The name of a loss that is in the table as it is; undefined for any other function. */
export function lossName(of: LossFunction): string | undefined {
  return lossTypes.find((name) => losses.get(name)?.loss === of);
}
