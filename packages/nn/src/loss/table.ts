/** Losses by name, for recipes. */
import { crossEntropy } from '@espalier/tensor';
import { ConfigError } from '../errors.ts';
import { bceWithLogits, klDivergence } from './classification.ts';
import type { LossFunction } from './loss.ts';
import { huber, l1, mse } from './regression.ts';

const losses: Readonly<Record<string, LossFunction>> = {
  'cross-entropy': (output, target) => crossEntropy(output, target),
  mse: (output, target) => mse(output, target),
  l1: (output, target) => l1(output, target),
  huber: (output, target) => huber(output, target),
  'bce-with-logits': (output, target) => bceWithLogits(output, target),
  'kl-divergence': (output, target) => klDivergence(output, target),
};

/** The names of all losses. */
export const lossTypes: readonly string[] = Object.keys(losses);

/** The loss of a name, with its defaults. Throws ConfigError. */
export function loss(name: string): LossFunction {
  const found = Object.hasOwn(losses, name) ? losses[name] : undefined;
  if (!found) throw new ConfigError('loss', `'${name}' is no known loss; known are ${lossTypes.join(', ')}`);
  return found;
}
