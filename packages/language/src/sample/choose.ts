/** Chooses the next token, for who has scores of his own: what he gives is looked at. */
import { aCount, check, checkOptions, listOf, ruleOf } from '@espalier/tensor/arguments';
import { distributionFrom, idAt, type Distribution } from './distribution.ts';
import { samplingRules, type SamplingOptions } from './options.ts';
import { uniformAt } from './threefry.ts';

const someScores = ruleOf<Float32Array>('a Float32Array of scores', (value) => value instanceof Float32Array);
const someIds = listOf(aCount);

function checked(
  operation: string,
  logits: Float32Array,
  seen: Iterable<number>,
  options: SamplingOptions,
): Distribution {
  check(operation, 'the scores', logits, someScores);
  // Of a text no iterable of numbers comes, and null has none.
  const ids = typeof seen === 'object' && (seen as unknown) !== null && Symbol.iterator in seen ? [...seen] : seen;
  return distributionFrom(
    logits,
    check(operation, 'the ids', ids, someIds),
    checkOptions(operation, options, samplingRules),
  );
}

/**
 * Scores [vocabulary] of a model as a distribution: repetition penalty, temperature, top-k, top-p, min-p, in this order.
 * @param seen ids of before, the prompt's among them
 * @throws {ArgumentError} for scores that are no numbers, or infinite, and for wrong options.
 */
export function distributionOf(
  logits: Float32Array,
  seen: Iterable<number>,
  options: SamplingOptions = {},
): Distribution {
  return checked('distributionOf', logits, seen, options);
}

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
  check('chooseToken', 'draw', draw, aCount);
  check('chooseToken', 'sequence', sequence, aCount);
  const distribution = checked('chooseToken', logits, seen, options);
  return idAt(distribution, uniformAt(options.seed ?? 0, draw, sequence));
}
