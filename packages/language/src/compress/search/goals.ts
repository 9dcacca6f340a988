/** What a compressed model has to keep, as people write it: `bytes<=80MB`, `kl<=0.2`. */
import { parseLimit } from '@espalier/optimize';
import { ArgumentError } from '@espalier/tensor';
import { aText, check, listOf } from '@espalier/tensor/arguments';

/** Limits; at least one of them. */
export interface CompressionGoals {
  /** Of the written file. */
  readonly bytes?: number;
  /** KL divergence of the next token from the model as it was, in nats, in the mean. */
  readonly kl?: number;
}

/**
 * Reads goals, several in one text with commas between them.
 * @throws {ArgumentError} for what is no goal, and for two of one kind.
 *
 * @example
 * parseCompressionGoals(['bytes<=80MB', 'kl<=0.2']); // { bytes: 80000000, kl: 0.2 }
 */
export function parseCompressionGoals(texts: readonly string[]): CompressionGoals {
  check('parseCompressionGoals', 'the goals', texts, listOf(aText));
  const goals: { bytes?: number; kl?: number } = {};
  for (const text of texts.flatMap((each) => each.split(','))) {
    const { metric, limit } = /^\s*(?<metric>bytes|kl)\s*(?:<=|≤)\s*(?<limit>\S.*?)\s*$/u.exec(text)?.groups ?? {};
    if ((metric !== 'bytes' && metric !== 'kl') || limit === undefined)
      throw new ArgumentError('parseCompressionGoals', `'${text}' is no goal; write bytes<=80MB or kl<=0.2`);
    if (goals[metric] !== undefined)
      throw new ArgumentError('parseCompressionGoals', `there are two goals of ${metric}; give one`);
    const value = metric === 'bytes' ? parseLimit('bytes', limit) : Number(limit);
    if (!(value > 0 && Number.isFinite(value)))
      throw new ArgumentError('parseCompressionGoals', `'${text}' has no number above 0`);
    goals[metric] = value;
  }
  return goals;
}
