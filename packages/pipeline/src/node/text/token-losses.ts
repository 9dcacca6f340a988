/** What each token of a text costs a model, in nats. */
import { predict, tensorDataset, type Module } from '@espalier/nn';
import type { Device } from '@espalier/tensor';

/** Scores that are held at once are at most so many. */
const mostScores = 8_000_000;

/** -log of the probability of one token by the scores of all, in doubles. */
function lossOf(scores: ArrayLike<number>, start: number, width: number, token: number): number {
  let most = -Infinity;
  for (let at = start; at < start + width; at++) most = Math.max(most, scores[at] ?? 0);
  let sum = 0;
  for (let at = start; at < start + width; at++) sum += Math.exp((scores[at] ?? 0) - most);
  return most + Math.log(sum) - (scores[start + token] ?? 0);
}

/** Where a text is cut for a model that sees so many tokens at once, and how many tokens there are. */
export interface Windows {
  readonly context: number;
  readonly vocabulary: number;
  readonly device: Device;
}

/**
 * The loss of each token but the first, which is told from those before it in its window: windows follow each other without a gap, and
 * the last is as long as what is left.
 */
export async function tokenLosses(model: Module, tokens: Int32Array, windows: Windows): Promise<Float64Array> {
  const { context, vocabulary, device } = windows;
  const told = Math.max(0, tokens.length - 1);
  const losses = new Float64Array(told);
  const atOnce = Math.max(1, Math.floor(mostScores / vocabulary / context));
  const whole = Math.floor(told / context);
  const pieces: [start: number, count: number, length: number][] = [];
  for (let first = 0; first < whole; first += atOnce)
    pieces.push([first * context, Math.min(atOnce, whole - first), context]);
  if (told > whole * context) pieces.push([whole * context, 1, told - whole * context]);
  for (const [start, count, length] of pieces) {
    const data = tokens.slice(start, start + count * length);
    const nothing = { data: new Float32Array(count), shape: [count] };
    const outputs = await predict(model, tensorDataset({ data, shape: [count, length] }, nothing, { device }), {
      batchSize: 32,
    });
    const scores = await outputs.data();
    outputs.dispose();
    for (let at = 0; at < count * length; at++)
      losses[start + at] = lossOf(scores, at * vocabulary, vocabulary, tokens[start + at + 1] ?? 0);
  }
  return losses;
}
