/** The next tokens of sequences, a round after the other. */
import { distributionFrom, idAt } from '../sample/distribution.ts';
import type { SamplingOptions } from '../sample/options.ts';
import { uniformAt } from '../sample/threefry.ts';
import type { Lanes } from './lanes.ts';

/** A token of a sequence. */
export interface NextToken {
  readonly sequence: number;
  readonly id: number;
}

/** What draws of one token are for: each has an index of its own. */
export const purposes = { choice: 0, acceptance: 1, draft: 2, rest: 3 } as const;

/** A draw for a token: the same for a seed, a place and a sequence, whatever else goes on. */
export const drawAt = (
  { seed = 0 }: SamplingOptions,
  position: number,
  sequence: number,
  purpose: keyof typeof purposes,
): number => uniformAt(seed, position, 4 * sequence + purposes[purpose]);

/**
 * One token for each sequence in a round, until nobody wants more.
 * @param texts the ids of each sequence so far, which whoever takes the tokens adds to
 * @param wanted the sequences that go on, from which whoever takes the tokens takes them out
 */
export async function* nextTokens(
  lanes: Lanes,
  texts: readonly number[][],
  wanted: ReadonlySet<number>,
  options: SamplingOptions & { readonly reuse?: boolean; readonly columns?: number },
): AsyncGenerator<readonly NextToken[], void> {
  let scores = await lanes.prefill(texts, options);
  for (;;) {
    const round: NextToken[] = [];
    for (const sequence of wanted) {
      const seen = texts[sequence] as readonly number[];
      const distribution = distributionFrom(scores.of(sequence), seen, options);
      round.push({ sequence, id: idAt(distribution, drawAt(options, seen.length, sequence, 'choice')) });
    }
    yield round;
    if (wanted.size === 0) return;
    lanes.keep(wanted);
    scores = await lanes.feed(lanes.order.map((sequence) => [(texts[sequence] as number[]).at(-1) as number]));
  }
}
