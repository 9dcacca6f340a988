/** What the steps of a model cost, and what a text would have cost with tokens guessed ahead. */
import { complete } from '../../generate/generate.ts';
import type { Decoder } from '../../generate/decoder.ts';
import { distributionFrom } from '../../sample/distribution.ts';
import type { CalibrationIds } from '../pieces.ts';

/** Says how much time has gone by, in milliseconds, of whatever is to be saved. */
export type Clock = () => number;

/** A text that a model has gone on with. */
export interface GreedyText {
  readonly prompt: readonly number[];
  readonly next: readonly number[];
}

/** How often steps are timed: the least counts, as others only ever add to it. */
const rounds = 5;

/** The likeliest goings-on of a model. */
export async function greedyTexts(
  decoder: Decoder,
  prompts: CalibrationIds,
  tokens: number,
): Promise<readonly GreedyText[]> {
  const texts: GreedyText[] = [];
  for (const prompt of prompts) {
    const { ids } = await complete(decoder, prompt, { maxTokens: tokens, ends: [] });
    texts.push({ prompt, next: ids });
  }
  return texts;
}

/**
 * What a call costs that computes 1, 2, … tokens behind a text: of all of them the scores, or of the last.
 * @returns by the number of tokens less 1
 */
export async function stepCosts(
  decoder: Decoder,
  { prompt, next }: GreedyText,
  { most, all, now }: { readonly most: number; readonly all: boolean; readonly now: Clock },
): Promise<readonly number[]> {
  const lanes = decoder.lanes(1);
  await lanes.prefill([prompt]);
  const { position } = lanes;
  const costs: number[] = [];
  for (let count = 1; count <= most; count++) {
    const ids = Array.from({ length: count }, (_, at) => next[at % next.length] as number);
    let least = Infinity;
    for (let round = 0; round <= rounds; round++) {
      lanes.backTo(position);
      const before = now();
      const scores = await lanes.feed([ids], all);
      for (let at = 0; at < (all ? count : 1); at++) distributionFrom(scores.of(0, all ? at : undefined), []);
      // The first records the step.
      if (round > 0) least = Math.min(least, now() - before);
    }
    costs.push(least);
  }
  lanes.close();
  return costs;
}

/** Where a draft guesses the next token of a text. A guess counts only where all before it were right: so it sees the text itself. */
export async function rightGuesses(draft: Decoder, { prompt, next }: GreedyText): Promise<readonly boolean[]> {
  const lanes = draft.lanes(1);
  const all = [...prompt, ...next];
  const part = 16;
  if (prompt.length > 1) await lanes.prefill([prompt.slice(0, -1)]);
  const right: boolean[] = [];
  for (let from = prompt.length - 1; from < all.length - 1; from += part) {
    const ids = all.slice(from, Math.min(from + part, all.length - 1));
    const scores = await lanes.feed([ids], true);
    for (const at of ids.keys()) right.push(distributionFrom(scores.of(0, at), []).ids[0] === all[from + at + 1]);
  }
  lanes.close();
  return right;
}

/** What tokens cost with guesses, and how many of those are taken. */
export interface Expected {
  readonly guesses: number;
  /** Milliseconds a token. */
  readonly cost: number;
  readonly taken: number;
}

/**
 * What texts cost when so many tokens are guessed at once.
 * @param texts where a draft guesses right
 * @param own what the model costs by the number of tokens less 1
 * @param draft the same of the draft, of one token and of two: of the second where all guesses were taken, of which it has not seen the last
 */
export function expectedOf(
  texts: readonly (readonly boolean[])[],
  guesses: number,
  { own, draft }: { readonly own: readonly number[]; readonly draft: readonly number[] },
): Expected {
  const [one = 0, two = 0] = draft;
  let [tokens, cost, taken, guessed] = [0, 0, 0, 0];
  for (const right of texts) {
    let behind = false;
    // The first token is of the prompt, whoever guesses.
    for (let at = 1; at < right.length;) {
      let run = 0;
      while (run < guesses && at + run < right.length && right[at + run] === true) run++;
      cost += (own[guesses] as number) + (behind ? two : one) + (guesses - 1) * one;
      behind = run === guesses;
      tokens += run + 1;
      taken += run;
      guessed += guesses;
      at += run + 1;
    }
  }
  return { guesses, cost: cost / tokens, taken: taken / guessed };
}
