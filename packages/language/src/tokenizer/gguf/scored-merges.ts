/** The pairs of a vocabulary that says how good each token is, and not what is merged first. */
import { fault } from '../tokenizer-json.ts';
import { tokenKinds, type GgufVocabulary } from './vocabulary.ts';

interface Scored {
  readonly pair: readonly [string, string];
  readonly score: number;
}

/**
 * All ways to make a token of two others, those with the highest score first.
 * @throws {FormatError} for a file without scores.
 */
export function scoredMerges(vocabulary: GgufVocabulary): readonly (readonly [string, string])[] {
  const scores = vocabulary.list('scores', 'number');
  if (scores?.length !== vocabulary.tokens.length)
    throw fault(vocabulary.name, 'has no tokenizer.ggml.scores with a score for each token');
  return scoredPairs(vocabulary.tokens, scores, (id) => vocabulary.kindOf(id) === tokenKinds.normal);
}

/**
 * All ways to make a token of two others.
 * @param isMade whether the token of an id may be made of others
 */
export function scoredPairs(
  tokens: readonly string[],
  scores: readonly number[],
  isMade: (id: number) => boolean,
): readonly (readonly [string, string])[] {
  const known = new Set(tokens);
  const merges: Scored[] = [];
  for (const [id, token] of tokens.entries()) {
    if (!isMade(id)) continue;
    for (let end = 1; end < token.length; end++) {
      const pair = [token.slice(0, end), token.slice(end)] as const;
      if (known.has(pair[0]) && known.has(pair[1])) merges.push({ pair, score: scores[id] as number });
    }
  }
  return merges.toSorted((a, b) => b.score - a.score).map(({ pair }) => pair);
}
