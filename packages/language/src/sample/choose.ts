/** Chooses the next token. */
import { check, checkOptions, listOf, aCount } from '@espalier/tensor/arguments';
import { distributionOf, idAt } from './distribution.ts';
import { samplingRules, type SamplingOptions } from './options.ts';
import { uniformAt } from './threefry.ts';

/**
 * The id of the next token, of scores [vocabulary]: a function of the scores, the ids of before, the options, and which draw it
 * is.
 * @param draw the number of the draw: the position of the token
 * @param sequence the number of the sequence, of several that have one seed
 * @throws {ArgumentError} for scores that are no numbers, or infinite, and for wrong options.
 *
 * @example
 * const id = chooseToken(logits, ids, { temperature: 0.8, topP: 0.95, seed: 7 }, ids.length);
 */
export function chooseToken(
  logits: Float32Array,
  seen: readonly number[],
  options: SamplingOptions = {},
  draw = 0,
  sequence = 0,
): number {
  checkOptions('chooseToken', options, samplingRules);
  check('chooseToken', 'the ids', seen, listOf(aCount));
  const distribution = distributionOf(logits, seen, options);
  return idAt(distribution, uniformAt(options.seed ?? 0, draw, sequence));
}
