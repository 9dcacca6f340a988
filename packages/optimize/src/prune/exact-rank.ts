/** Which weights to drop: exactly as many as asked, whatever ties there are. */
import { ArgumentError } from '@espalier/tensor';

/**
 * Marks (1) the `count` lowest scores; of equal scores, those that come first.
 * @throws {ArgumentError} when a score is NaN or the count does not fit.
 */
export function markLowest(scores: Float32Array | Float64Array, count: number): Uint8Array<ArrayBuffer> {
  if (!Number.isInteger(count) || count < 0 || count > scores.length) {
    throw new ArgumentError('prune', `${count} of ${scores.length} weights are to be dropped; that is no part of them`);
  }
  if (scores.some(Number.isNaN)) {
    throw new ArgumentError(
      'prune',
      'a weight has no score: it is NaN; prune a model that was trained without diverging',
    );
  }
  const marks = new Uint8Array(scores.length);
  if (count === 0) return marks;
  // A threshold alone would drop every tie; the ones at the threshold are counted instead.
  const threshold = scores.toSorted()[count - 1] as number;
  let left = count;
  for (const [index, score] of scores.entries()) {
    if (score < threshold) {
      marks[index] = 1;
      left--;
    }
  }
  for (let index = 0; left > 0; index++) {
    if (scores[index] === threshold) {
      marks[index] = 1;
      left--;
    }
  }
  return marks;
}
