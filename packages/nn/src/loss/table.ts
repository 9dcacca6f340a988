/** Losses by name, for recipes. */
import { crossEntropy } from '@espalier/tensor';
import { show } from '../config/fields.ts';
import { ConfigError } from '../errors.ts';
import { own } from '../json.ts';
import { bceWithLogits, klDivergence } from './classification.ts';
import type { LossFunction } from './loss.ts';
import { huber, l1, mse } from './regression.ts';

const losses: Readonly<Record<string, LossFunction>> = {
  'cross-entropy': crossEntropy,
  mse,
  l1,
  huber,
  'bce-with-logits': bceWithLogits,
  'kl-divergence': klDivergence,
};

/** The names of all losses. */
export const lossTypes: readonly string[] = Object.keys(losses);

/** The loss of a name, with its defaults. Throws ConfigError. */
export function loss(name: string): LossFunction {
  const found = own(losses, name);
  if (!found) throw new ConfigError('loss', `${show(name)} is no known loss; known are ${lossTypes.join(', ')}`);
  return found;
}

/** The name of a loss that is in the table as it is; undefined for any other function. */
export function lossName(of: LossFunction): string | undefined {
  return lossTypes.find((name) => losses[name] === of);
}
