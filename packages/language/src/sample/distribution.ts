/** What remains of the scores of a model, as probabilities. */
import { ArgumentError } from '@espalier/tensor';
import { likeliest, type Kept } from './likeliest.ts';
import type { SamplingOptions } from './options.ts';

/** Ids that may come next, the likeliest first, and how likely each is: together 1. */
export interface Distribution {
  readonly ids: Int32Array;
  readonly probabilities: Float64Array;
}

/**
 * Scores [vocabulary] of a model as a distribution: repetition penalty, temperature, top-k, top-p, min-p, in this order.
 * @param seen ids of before, the prompt's among them
 * @throws {ArgumentError} for scores that are no numbers, or infinite.
 */
export function distributionFrom(
  logits: Float32Array,
  seen: Iterable<number>,
  options: SamplingOptions = {},
): Distribution {
  const { temperature = 0, topK = 0, topP = 1, minP = 0 } = options;
  const scores = penalized(logits, seen, options.repetitionPenalty ?? 1);
  const best = bestOf(scores);
  if (temperature === 0) return { ids: Int32Array.of(best), probabilities: Float64Array.of(1) };
  const top = scores[best] as number;
  const kept = likeliest(scores, topK === 0 ? scores.length : topK);
  // Weights of those left out are the same for all that follows; the largest is 1.
  const weights = kept.values.map((score) => Math.exp((score - top) / temperature));
  const sorted = sortedBy(kept, weights, topP < 1 ? topP : undefined);
  let count = sorted.ids.length;
  if (topP < 1) count = reaching(sorted.weights, sorted.total * topP);
  while (count > 1 && (sorted.weights[count - 1] as number) < minP) count--;
  return normalized(sorted.ids.subarray(0, count), sorted.weights.subarray(0, count));
}

/** Makes the sum of weights 1. */
export function normalized(ids: Int32Array, weights: Float64Array): Distribution {
  let total = 0;
  for (const weight of weights) total += weight;
  return { ids, probabilities: weights.map((weight) => weight / total) };
}

/** The id at a place of [0, 1) in a distribution. */
export function idAt({ ids, probabilities }: Distribution, place: number): number {
  let sum = 0;
  for (let at = 0; at < ids.length; at++) {
    sum += probabilities[at] as number;
    if (place < sum) return ids[at] as number;
  }
  // Rounding may leave the sum a little below 1.
  return ids.at(-1) as number;
}

function penalized(logits: Float32Array, seen: Iterable<number>, penalty: number): Float32Array {
  if (penalty === 1) return logits;
  const scores = logits.slice();
  for (const id of new Set(seen)) {
    const score = scores[id];
    if (score !== undefined) scores[id] = score > 0 ? score / penalty : score * penalty;
  }
  return scores;
}

/** The highest score, of equals the first. */
function bestOf(scores: Float32Array): number {
  let best = 0;
  for (let id = 1; id < scores.length; id++) if ((scores[id] as number) > (scores[best] as number)) best = id;
  // A comparison with NaN is false, so that one may have been passed by; a sum meets it.
  let sum = 0;
  for (let id = 0; id < scores.length; id++) sum += scores[id] as number;
  if (Number.isNaN(sum) || !Number.isFinite(scores[best]))
    throw new ArgumentError('sample', 'the model gave scores that are NaN or infinite; nothing can be chosen of them');
  return best;
}

interface Sorted {
  readonly ids: Int32Array;
  readonly weights: Float64Array;
  readonly total: number;
}

/**
 * The likeliest first, of equals the lower id. Where only a share of all is wanted, those are left out before that have less
 * than the rest together however many there are.
 */
function sortedBy({ ids, values }: Kept, weights: Float64Array, share: number | undefined): Sorted {
  let total = 0;
  for (const weight of weights) total += weight;
  const least = share === undefined ? 0 : ((1 - share) * total) / weights.length;
  const order: number[] = [];
  for (let at = 0; at < weights.length; at++)
    if ((weights[at] as number) >= least && (weights[at] as number) > 0) order.push(at);
  order.sort((a, b) => (values[b] as number) - (values[a] as number) || (ids[a] as number) - (ids[b] as number));
  return {
    ids: Int32Array.from(order, (at) => ids[at] as number),
    weights: Float64Array.from(order, (at) => weights[at] as number),
    total,
  };
}

/** How many of the first weights reach a sum. */
function reaching(weights: Float64Array, sum: number): number {
  let so = 0;
  for (let at = 0; at < weights.length; at++) {
    so += weights[at] as number;
    if (so >= sum) return at + 1;
  }
  return weights.length;
}
