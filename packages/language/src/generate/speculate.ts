/**
 * Speculative decoding: a smaller model guesses some tokens, and the model looks at all of them at once. A guess x is taken with
 * the probability min(1, p(x) / q(x)), else a token is drawn of what p has more than q, so that the texts are those of the model
 * alone; the likeliest token is the same one. Source: Y. Leviathan, M. Kalman, Y. Matias, "Fast inference from transformers via
 * speculative decoding", 2023.
 */
import { distributionFrom, idAt, normalized, type Distribution } from '../sample/distribution.ts';
import type { SamplingOptions } from '../sample/options.ts';
import type { Lanes } from './lanes.ts';
import { drawAt, type NextToken } from './tokens.ts';

/** What speculation came to. */
export interface SpeculationFigures {
  /** Tokens that were guessed, and those of them that were taken. */
  guessed: number;
  taken: number;
  /** How often the model was asked. */
  rounds: number;
}

/** The tokens of one sequence. */
export interface Speculation extends SamplingOptions {
  /** How many tokens are guessed at once. */
  readonly guesses: number;
  /** Positions that both models have. */
  readonly context: number;
  /** Added to. */
  readonly figures: SpeculationFigures;
}

/**
 * The next tokens of a sequence, several in a round.
 * @param text its ids so far, which whoever takes the tokens adds to
 * @param wanted empty when there is enough
 */
export async function* speculatedTokens(
  lanes: Lanes,
  draft: Lanes,
  text: readonly number[],
  wanted: ReadonlySet<number>,
  options: Speculation,
): AsyncGenerator<readonly NextToken[], void> {
  const { figures } = options;
  // The draft looks at the prompt with its first guess, if it guesses at all.
  const scores = await lanes.prefill([text]);
  const first = distributionFrom(scores.of(0), text, options);
  yield [{ sequence: 0, id: idAt(first, drawAt(options, text.length, 0, 'choice')) }];
  while (wanted.size > 0) {
    const { length } = text;
    // Beyond the context of the draft nobody guesses.
    const count = Math.max(0, Math.min(options.guesses, options.context - length));
    const guesses = await guess(draft, text, count, options);
    // The last token is the only one that the model has not seen.
    const seen = await lanes.feed([[text.at(-1) as number, ...guesses.map(({ id }) => id)]], true);
    const ids = judge(guesses, (at) => seen.of(0, at), text, options);
    figures.rounds++;
    figures.guessed += guesses.length;
    figures.taken += ids.length - 1;
    lanes.backTo(length - 1 + ids.length);
    draft.backTo(Math.min(draft.position, length - 1 + ids.length));
    yield ids.map((id) => ({ sequence: 0, id }));
  }
}

interface Guess {
  readonly id: number;
  readonly of: Distribution;
}

/** What the smaller model goes on with. */
async function guess(
  draft: Lanes,
  text: readonly number[],
  most: number,
  options: Speculation,
): Promise<readonly Guess[]> {
  const guesses: Guess[] = [];
  if (most === 0) return guesses;
  const ids = [...text];
  let scores = await draft.feed([text.slice(draft.position)]);
  for (let count = 0; count < most; count++) {
    const of = distributionFrom(scores.of(0), ids, options);
    const id = idAt(of, drawAt(options, ids.length, 0, 'draft'));
    guesses.push({ id, of });
    ids.push(id);
    if (count + 1 < most) scores = await draft.feed([[id]]);
  }
  return guesses;
}

/** The guesses that are taken, and one token of the model's own behind them. */
function judge(
  guesses: readonly Guess[],
  scoresAt: (at: number) => Float32Array,
  text: readonly number[],
  options: Speculation,
): readonly number[] {
  const ids = [...text];
  const made = (): readonly number[] => ids.slice(text.length);
  for (const [at, { id, of }] of guesses.entries()) {
    const own = distributionFrom(scoresAt(at), ids, options);
    const ratio = probabilityOf(own, id) / probabilityOf(of, id);
    if (drawAt(options, ids.length, 0, 'acceptance') >= ratio) {
      ids.push(idAt(rest(own, of), drawAt(options, ids.length, 0, 'rest')));
      return made();
    }
    ids.push(id);
  }
  const own = distributionFrom(scoresAt(guesses.length), ids, options);
  ids.push(idAt(own, drawAt(options, ids.length, 0, 'choice')));
  return made();
}

const probabilityOf = ({ ids, probabilities }: Distribution, id: number): number => probabilities[ids.indexOf(id)] ?? 0;

/** What one distribution has more than another. */
function rest(own: Distribution, other: Distribution): Distribution {
  const others = new Map(Array.from(other.ids, (id, at) => [id, other.probabilities[at] as number]));
  const more = own.probabilities.map((each, at) => Math.max(0, each - (others.get(own.ids[at] as number) ?? 0)));
  return normalized(own.ids, more);
}
