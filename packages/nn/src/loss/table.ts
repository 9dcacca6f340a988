/** Losses by name, for recipes. */
import { crossEntropy } from '@espalier/tensor';
import { aFunction, aText, check, ruleOf } from '@espalier/tensor/arguments';
import { isRecord } from '../json.ts';
import { Registry } from '../registry/registry.ts';
import { bceWithLogits, klDivergence } from './classification.ts';
import type { LossFunction } from './loss.ts';
import { huber, l1, mse } from './regression.ts';
import { classWeightsOf, weightedCrossEntropy, type WeightedLoss } from './weighted.ts';

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

/** A loss as JSON: its name, or cross-entropy with how much each class counts. */
export type LossConfig = string | WeightedLoss;

/** What is wrong with what is to be the JSON of a loss; undefined if nothing is. */
export function lossProblem(config: unknown): string | undefined {
  if (typeof config === 'string' && lossTypes.includes(config)) return undefined;
  const { type, weight }: Partial<WeightedLoss> = Object(config);
  const isWeighted = type === 'cross-entropy' && Array.isArray(weight) && weight.length > 0;
  if (isWeighted && weight.every((each) => typeof each === 'number' && each > 0 && each < Infinity)) return undefined;
  return isWeighted
    ? 'its weights must be numbers above 0'
    : `it must be one of ${lossTypes.join(', ')}, or cross-entropy with the weight of each class`;
}

/**
 * The loss of a name, with its defaults, or of JSON.
 * @throws {ConfigError} for a name that is not known.
 * @throws {ArgumentError} for a weight that is not above 0.
 */
export function loss(config: LossConfig): LossFunction {
  return isRecord(config) ? weightedCrossEntropy((config as WeightedLoss).weight) : losses.find('loss', config).loss;
}

/** The name of a loss that is in the table, whatever the weights of its classes; undefined for any other function. */
export function lossName(of: LossFunction): string | undefined {
  if (classWeightsOf(of)) return 'cross-entropy';
  return lossTypes.find((name) => losses.get(name)?.loss === of);
}

/** A loss as JSON, from which `loss` makes it again; undefined for a function that JSON has no form for. */
export function lossConfig(of: LossFunction): LossConfig | undefined {
  const weight = classWeightsOf(of);
  return weight ? { type: 'cross-entropy', weight } : lossName(of);
}

/** The same loss with all classes counting alike: what models are judged by. */
export function unweighted(of: LossFunction): LossFunction {
  return classWeightsOf(of) ? crossEntropy : of;
}
